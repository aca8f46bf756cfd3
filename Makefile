# The two commands of this course are `make lab` and `make test`; `make help` lists the others.
# Works with GNU make 3.81 and later. Set-up itself lives in .ci/setup.py, which needs Python 3.11 and nothing else.

PYTHON      ?=
PIP_ARGS    ?=
CONSTRAINTS ?= constraints.txt
WORKERS     ?= 2
PORT        ?=
LESSON      ?= lessons/00_start_here.ipynb
BUNDLE_ARGS ?=
EVIDENCE    ?=
FRESH       ?=
FILES       ?=

ifeq ($(OS),Windows_NT)
VENV_PYTHON := .venv/Scripts/python.exe
else
VENV_PYTHON := .venv/bin/python
endif

export PIP_ARGS CONSTRAINTS
QUIET := TOOLKIT_QUIET=1 OMP_NUM_THREADS=1

.PHONY: help setup doctor lab test grade lessons bench evidence site slides bundle picture clean

help:  ## show this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -e 's/:.*## /|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

setup:  ## make .venv, or bring it up to date (seconds when nothing changed)
	@python=`sh .ci/find_python.sh $(VENV_PYTHON) "$(PYTHON)"` && "$$python" .ci/setup.py

lab: setup  ## open the course in JupyterLab (PORT=8899 BROWSER=no: headless, prints the address)
	@$(VENV_PYTHON) -m jupyterlab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url="/lab/tree/$(LESSON)" \
		$(if $(PORT),--port=$(PORT)) $(if $(filter no,$(BROWSER)),--no-browser) \
		$(if $(filter 0,$(shell id -u)),--allow-root)

doctor: setup  ## name what is wrong with the installation, and the cure
	@$(VENV_PYTHON) toolkit/doctor.py

test: setup  ## run everything that continuous integration runs
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(QUIET) $(VENV_PYTHON) -m pytest -q -n $(WORKERS) --dist loadfile

grade: setup  ## print a class's table (FILES=submissions/; FILES="submissions/ --details": options, too)
	@$(if $(FILES),$(QUIET) $(VENV_PYTHON) -m toolkit.grade $(FILES),echo "Name notebooks or a folder: make grade FILES=submissions/" >&2; exit 2)

lessons: setup  ## run every lesson and write it back in its normal form
	$(QUIET) $(VENV_PYTHON) -m toolkit.notebooks

bench: setup  ## print speed ratios, each against the plain way
	$(QUIET) $(VENV_PYTHON) -m tests.bench

evidence: setup  ## measure the multi-seed results again (EVIDENCE="05 07": of these lessons; FRESH=yes: nothing kept)
	$(QUIET) $(VENV_PYTHON) -m toolkit.evidence $(if $(FRESH),--fresh) $(EVIDENCE)
	$(QUIET) $(VENV_PYTHON) -m toolkit.evidence.readme

site: setup  ## write the course as a web site into build/site; it opens from disk
	$(QUIET) $(VENV_PYTHON) -m toolkit.site

slides: setup  ## write slides of LESSON (lessons/01_two_networks.ipynb, say) into build/slides
	$(QUIET) $(VENV_PYTHON) -m toolkit.slides $(LESSON)

bundle: setup  ## write the course and all its packages into build/bundle, for a room without a network
	$(VENV_PYTHON) .ci/bundle.py $(BUNDLE_ARGS)

picture: setup  ## draw README's animated picture again
	$(QUIET) $(VENV_PYTHON) -m toolkit.front_picture

clean:  ## remove .venv and everything that was generated
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache
	find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
