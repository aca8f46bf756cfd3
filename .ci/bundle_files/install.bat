@echo off
rem Install the course from this folder, without a network, and open it in JupyterLab.
setlocal
cd /d "%~dp0"
set "VENV=%CD%\weight-space\.venv"
set "STAMP="
if exist "%VENV%\bundle.stamp" set /p STAMP=<"%VENV%\bundle.stamp"
if "%STAMP%"=="%CD%" goto open

set "FOUND=py -@VERSION@"
%FOUND% -c "pass" >nul 2>&1 && goto install
set "FOUND=python"
%FOUND% -c "import sys; sys.exit('%%d.%%d' %% sys.version_info[:2] != '@VERSION@')" >nul 2>&1 && goto install
echo This bundle needs Python @VERSION@ on @PLATFORM@, and none was found: install it, then run install.bat again.
goto failed

:install
echo Installing into %VENV%; this takes a few minutes and @GB@ GB.
%FOUND% -m venv --clear "%VENV%"
if errorlevel 1 (
    echo The virtual environment could not be made: see the lines above.
    goto failed
)
"%VENV%\Scripts\python.exe" -m pip install --quiet --disable-pip-version-check --no-index --find-links "%CD%\wheels" -e "%CD%\weight-space"
if errorlevel 1 (
    echo The installation failed: see the lines above. The packages are for Python @VERSION@ on @PLATFORM@ and need @GB@ GB of free disk space.
    goto failed
)
>"%VENV%\bundle.stamp" echo %CD%

:open
if defined ONLY_INSTALL exit /b 0
"%VENV%\Scripts\python.exe" -m jupyterlab "--ServerApp.root_dir=%CD%\weight-space" --LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb %*
exit /b %errorlevel%

:failed
pause
exit /b 1
