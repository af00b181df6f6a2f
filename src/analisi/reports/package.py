"""A verified edition as one zip whose bytes repeat, with a PDF of every page if asked."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analisi.errors import AnalisiError
from analisi.reports.printing import find_browser, print_pages
from analisi.reports.verify import MANIFEST, listed, read_manifest, verify

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold; never the clock's, so that bytes repeat
_LEVEL = 6
_SHOWN = 20


class NotVerified(AnalisiError):
    """The edition is not what its manifest says; nothing was written."""

    during_run = True


class NotWritten(AnalisiError):
    """The package could not be made; a package that was there before is still there."""

    during_run = True


@dataclass(frozen=True)
class Package:
    """A zip that was written: how many files are in it, how many of them PDFs, its bytes and their sha256."""

    path: Path
    files: int
    pdfs: int
    size: int
    sha256: str


def pack(folder: Path, target: Path, *, pdf: bool = False, progress: Callable[[int, int, str], None] | None = None) -> Package:
    """The edition of `folder` as a zip; the folder itself stays as it is.

    The same edition gives the same bytes (with the same zlib; of the PDFs, with the same browser and fonts). PDFs stand beside
    their pages, and the manifest in the zip lists them, so that the unpacked folder can be verified too.

    Args:
        progress: is told (printed so far, in all, name) after each page.

    Raises:
        NotVerified: what `verify` found.
        NotWritten: no space, no permission, a page that does not print.
        AnalisiError: `target` is inside the edition or is a folder; PDFs are wanted and there is no browser.
    """
    folder, target = folder.resolve(), target.expanduser().resolve()
    if target.is_relative_to(folder):
        msg = f"{target.name}: il pacchetto non può stare nella cartella dell'edizione; scegliere un altro posto"
        raise AnalisiError(msg)
    if target.is_dir():
        msg = f"{target.name}: è una cartella; indicare il nome di un file .zip"
        raise AnalisiError(msg)
    browser = find_browser() if pdf else None
    findings = verify(folder)
    if findings:
        rest = [f"... e altri {len(findings) - _SHOWN}"] if len(findings) > _SHOWN else []
        msg = "\n  ".join([f"{folder.name}: la verifica non è superata e il pacchetto non si fa", *findings[:_SHOWN], *rest])
        raise NotVerified(msg)
    manifest = read_manifest(folder)
    names = sorted(listed(manifest))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not in the system's temporary folder, which a browser installed as a snap cannot read.
        with tempfile.TemporaryDirectory(prefix="analisi-pdf-", dir=target.parent, ignore_cleanup_errors=True) as aside:
            pages = [name for name in names if name.endswith(".html")]
            prints = print_pages(browser, folder, pages, Path(aside), progress) if browser else {}
            if prints:
                manifest["pdf"] = [
                    {"file": name, "byte": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in sorted(prints.items())
                ]
                prints[MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
            members = {name: prints.get(name) for name in sorted({*names, *prints, MANIFEST})}
            return _write(folder, target, manifest["edizione"]["nome"], members)
    except OSError as error:
        raise NotWritten(_why(target, error)) from error


def _write(folder: Path, target: Path, top: str, members: dict[str, bytes | None]) -> Package:
    """Write the zip beside its place and move it there; of each member, the bytes, or None for those of the edition."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for member, data in members.items():
                    info = zipfile.ZipInfo(f"{_fit(top)}/{member}", _EPOCH)
                    info.create_system = 3  # Unix, on every system
                    info.external_attr = 0o100644 << 16
                    info.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(info, (folder / member).read_bytes() if data is None else data, compresslevel=_LEVEL)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        data = Path(name).read_bytes()
        Path(name).replace(target)
    finally:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)
    pdfs = sum(member.endswith(".pdf") for member in members)
    return Package(target, len(members), pdfs, len(data), hashlib.sha256(data).hexdigest())


def _fit(name: str) -> str:
    """The edition's name as that of one folder, whatever it holds."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name).strip(".") or "edizione"


def _why(target: Path, error: OSError) -> str:
    reasons = {
        errno.ENOSPC: "non c'è spazio sul disco; liberarne, oppure scegliere un altro posto",
        errno.EDQUOT: "lo spazio assegnato sul disco è finito; liberarne, oppure scegliere un altro posto",
        errno.EACCES: "non c'è il permesso di scrivere qui; scegliere un'altra cartella",
        errno.EPERM: "non c'è il permesso di scrivere qui; scegliere un'altra cartella",
        errno.EROFS: "il disco è di sola lettura; scegliere un'altra cartella",
        errno.EFBIG: "il disco non ammette un file così grande; scegliere un altro posto",
    }
    return f"{target.name}: il pacchetto non è stato scritto: {reasons.get(error.errno or 0, error.strerror or 'errore del disco')}"
