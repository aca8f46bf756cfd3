"""`python -m toolkit.evidence [01 ...]`: measure the claims of all lessons, or of those named."""

import sys

from toolkit.evidence import LESSONS, measure

measure(sys.argv[1:] or LESSONS)
