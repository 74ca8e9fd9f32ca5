"""setuptools as the build backend, without a download where the interpreter has setuptools.

pip hides the packages of the interpreter from a build and fetches what it needs anew. On a host without a network that
fails, although all is there. So this looks where the interpreter's packages lie, and asks pip only for what is missing.
"""

import importlib.util
import os
import site
import sys
import sysconfig

_WANTED = ("setuptools", "wheel")
_HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"


def _folders():
    yield sysconfig.get_path("purelib")
    yield from site.getsitepackages([sys.prefix, sys.base_prefix])
    for name in ("python3", _HERE):  # Debian's own.
        yield os.path.join(sys.base_prefix, "lib", name, "dist-packages")


def _missing():
    return [name for name in _WANTED if importlib.util.find_spec(name) is None]


if _missing():
    sys.path.extend(folder for folder in _folders() if os.path.isdir(folder))


def _backend():
    from setuptools import build_meta

    return build_meta


def get_requires_for_build_wheel(config_settings=None):
    return [f"{name}>=61" if name == "setuptools" else name for name in _missing()]


get_requires_for_build_sdist = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    return _backend().prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _backend().build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    return _backend().build_sdist(sdist_directory, config_settings)
