"""The wheel: CMake builds the extension module, setuptools packs it with the Python files."""

import os
import re
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent


def version() -> str:
    found = re.search(r"project\(ipm VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())
    if found is None:
        raise RuntimeError("CMakeLists.txt names no version")
    return found.group(1)


class CMakeBuild(build_ext):
    """One target of the project's own CMake files; what else they take, CMAKE_ARGS says."""

    def build_extension(self, ext: Extension) -> None:
        target = Path(self.get_ext_fullpath(ext.name)).resolve()
        build = Path(self.build_temp).resolve()
        build.mkdir(parents=True, exist_ok=True)
        options = [
            "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
            "-DIPM_PYTHON=ON",
            "-DIPM_TESTS=OFF",
            "-DIPM_CLI=OFF",
            "-DIPM_SHARED=OFF",
            "-DIPM_INSTALL=OFF",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-DIPM_PYTHON_MODULE_FOLDER={target.parent}",
            *os.environ.get("CMAKE_ARGS", "").split(),
        ]
        try:
            import pybind11

            options.append(f"-Dpybind11_DIR={pybind11.get_cmake_dir()}")
        except ImportError:
            pass  # CMake finds that of the system.
        jobs = str(os.cpu_count() or 1)
        subprocess.run(["cmake", "-S", str(ROOT), "-B", str(build), *options], check=True)
        subprocess.run(["cmake", "--build", str(build), "--target", "ipm_python", "-j", jobs], check=True)
        subprocess.run([os.environ.get("STRIP", "strip"), "--strip-debug", str(target)], check=False)


setup(
    version=version(),
    packages=["ipm"],
    package_dir={"ipm": "bindings/python/ipm"},
    package_data={"ipm": ["py.typed", "*.pyi"]},
    ext_modules=[Extension("ipm._core", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
    zip_safe=False,
)
