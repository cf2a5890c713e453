"""Compiles the few modules that earn it (``*.pyx``), as a part of building the package.

Each has a twin in Python that is used where the compiled one is not: no compiler, no headers, or
``KAIPIAO_PURE=1`` at build time.  So whatever goes wrong here is said, and the build goes on.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledTwins(BuildHookInterface):  # type: ignore[type-arg]  # its type is hatchling's own
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sources = sorted(Path(self.root, "src").rglob("*.pyx"))
        if os.environ.get("KAIPIAO_PURE") or not sources:
            return
        try:
            built = compile_all(sources, Path(self.root, "src"))
        except Exception as error:  # a slower program is better than none
            print(f"kaipiao: without compiled modules: {error}", file=sys.stderr)
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"] += [f"/{path.relative_to(self.root)}" for path in built]


def compile_all(sources: list[Path], package_root: Path) -> list[Path]:
    """Compile each source into a module beside it; the modules' paths."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    names = [".".join(one.relative_to(package_root).with_suffix("").parts) for one in sources]
    extensions = [
        Extension(name, [str(one)], extra_compile_args=["-O3", "-g0", "-w"])
        for name, one in zip(names, sources, strict=True)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        compiled = cythonize(extensions, build_dir=scratch, quiet=True)  # type: ignore[no-untyped-call]
        distribution = Distribution(
            {"ext_modules": compiled, "package_dir": {"": str(package_root)}}
        )
        command = distribution.get_command_obj("build_ext")
        command.inplace = True
        command.build_temp = scratch
        command.ensure_finalized()
        command.run()
        return [Path(command.get_ext_fullpath(one.name)) for one in extensions]
