"""The typeface of our documents: LXGW WenKai (霞鹜文楷) 1.250, in the package itself.

SIL Open Font License 1.1, with reserved names: the file is shipped unmodified, as Debian
builds it from its sources (fonts-lxgw-wenkai 1.250+repack-1).  The licence stands beside it.
A document may embed the part of it that it uses.
"""

from pathlib import Path

FONT_FAMILY = "LXGW WenKai"
FONT_FILE = Path(__file__).with_name("font") / "LXGWWenKai-Regular.ttf"
"""A TrueType font of 15.7 MB; what it can show is data of ``regimes.cn.printable``."""
