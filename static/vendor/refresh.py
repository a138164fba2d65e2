"""Regenerate the vendored UI files, byte for byte, from the packages named below.

For maintainers only: the portal, its tests and its start-up never run this. It needs `npm` on
PATH, uses whatever registry npm is configured for, and refuses a package whose archive is not the
one pinned here. The fonts for PDFs are cut by fontTools (with brotli), also pinned.
See docs/vendor.md for how to move to a newer version.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import fontTools
from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONTTOOLS = "4.68.0"
HERE = Path(__file__).resolve().parent
LOCK = HERE / "VENDOR.lock"
ICON_LIST = HERE / "icons.txt"


@dataclass(frozen=True)
class Package:
    """One npm package: where its files land here, and the archive they must come from."""

    name: str
    version: str
    licence: str
    folder: str
    integrity: str


TOKENS = Package(
    "@momentum-design/tokens",
    "0.8.3",
    "MIT",
    "momentum-tokens-0.8.3",
    "sha512-1GM4rjZRNDqa5sJigHiL5h5SOjeeM5sQwMpdk1TxL+TmB5/KM0oGihzrT+it+WTr0L6tafnFsMOhDqTJMhGkxg==",
)
ICONS = Package(
    "@momentum-design/icons",
    "0.40.0",
    "MIT",
    "momentum-icons-0.40.0",
    "sha512-Q/vS5tqxV7S81CQ/KmEA/wkOtjtHo41T5pGjreYNiR2xVogmGxYA6EX5ThGOZVccTbRGRekhUkqmjtBze9PWDw==",
)
INTER = Package(
    "@fontsource-variable/inter",
    "5.3.0",
    "OFL-1.1",
    "inter-5.3.0",
    "sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
)

UPLOT = Package(
    "uplot",
    "1.6.32",
    "MIT",
    "uplot-1.6.32",
    "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
)

# Families of theme tokens the portal's own CSS draws from; the rest (teams, whiteboard, avatars …) stays out.
THEME_FAMILIES = (
    "text-primary",
    "text-secondary",
    "text-error",
    "text-success",
    "text-warning",
    "text-accent",
    "background-primary",
    "background-solid",
    "background-secondary",
    "background-accent",
    "background-alert",
    "background-label-default",
    "background-label-error",
    "background-input",
    "button-",
    "outline-",
    "control-",
    "indicator-",
    "inverted-text-primary",
    "common-text-primary",
    "common-overlays",
    "focus-",
)
FONT_FAMILIES = ("font-lineheight", "font-weight", "font-size")

UPLOT_FILES = ("uPlot.iife.min.js", "uPlot.min.css")
INTER_FILES = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")
# PDFs embed TrueType: one file a weight, of every script that Inter has, with figures of one width.
PDF_WEIGHTS = {"inter-regular.ttf": 400, "inter-semibold.ttf": 600}
PDF_SCRIPTS = ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "greek-ext", "vietnamese")
NOT_FOR_PDF = ("GSUB", "GPOS", "GDEF", "STAT", "HVAR", "MVAR", "gasp", "prep")
TABULAR = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "comma", "period")


def fetch(package: Package, into: Path) -> Path:
    """Download one package archive with npm, check it against its pin and unpack it."""
    spec = f"{package.name}@{package.version}"
    packed = subprocess.run(
        ["npm", "pack", spec, "--silent"], cwd=into, check=True, capture_output=True, text=True
    ).stdout.split()[-1]
    archive = into / packed
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise SystemExit(f"{spec}: archive is {found}, pinned is {package.integrity}")
    target = into / package.folder
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def declarations(css: str, families: tuple[str, ...], prefix: str) -> str:
    """The custom properties of `css` that belong to `families`, one minified declaration list."""
    found = re.findall(r"(--mds-[a-z0-9-]+):\s*([^;]+);", css)
    wanted = tuple(f"--mds-{prefix}{family}" for family in families)
    return ";".join(f"{name}:{' '.join(value.split())}" for name, value in found if name.startswith(wanted))


def build_tokens(source: Path, target: Path) -> None:
    """Light is the default; dark follows the system unless `data-theme` says otherwise."""
    css = source / "dist" / "css"
    light = declarations((css / "theme/webex/light-stable.css").read_text(), THEME_FAMILIES, "color-theme-")
    dark = declarations((css / "theme/webex/dark-stable.css").read_text(), THEME_FAMILIES, "color-theme-")
    fonts = declarations((css / "typography/complete.css").read_text(), FONT_FAMILIES, "")
    elevation = declarations((css / "elevation/complete.css").read_text(), ("elevation",), "")
    rules = (
        f"/*! {TOKENS.name} {TOKENS.version} | {TOKENS.licence} | made by refresh.py, do not edit */",
        f":root{{color-scheme:light;{fonts};{elevation};{light}}}",
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}",
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}",
    )
    (target / "tokens.css").write_text("\n".join(rules) + "\n")


def symbol(source: Path, ident: str, drawing: str) -> str:
    svg = (source / "dist" / "svg" / f"{drawing}.svg").read_text().strip()
    match = re.fullmatch(r'<svg [^>]*viewBox="([^"]+)"[^>]*>(.*)</svg>', svg, flags=re.DOTALL)
    if match is None:
        raise SystemExit(f"{drawing}: not the shape of icon this script knows")
    return f'<symbol id="{ident}" viewBox="{match[1]}">{match[2]}</symbol>'


def build_icons(source: Path, target: Path) -> None:
    """One sprite of the icons that icons.txt names."""
    wanted = [line.split() for line in ICON_LIST.read_text().splitlines() if not line.startswith("#")]
    symbols = [symbol(source, ident, drawing) for ident, drawing in wanted]
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (target / "sprite.svg").write_text(sprite)


def build_inter(source: Path, target: Path) -> None:
    if fontTools.version != FONTTOOLS:
        raise SystemExit(f"fontTools is {fontTools.version}, pinned is {FONTTOOLS}")
    for name in INTER_FILES:
        shutil.copyfile(source / "files" / name, target / name)
    for name, weight in PDF_WEIGHTS.items():
        cut_for_pdf(source / "files", weight, target / name)


def cut_for_pdf(files: Path, weight: int, target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        parts = [cut_script(files, script, weight, Path(scratch)) for script in PDF_SCRIPTS]
        font = Merger().merge([str(part) for part in parts])
    font.recalcTimestamp = False
    font["head"].created = font["head"].modified = 0
    style = {400: "Regular", 600: "SemiBold"}[weight]
    for ident, text in {1: "Inter", 2: style, 4: f"Inter {style}", 6: f"Inter-{style}"}.items():
        font["name"].setName(text, ident, 3, 1, 0x409)
    font.save(target)


def cut_script(files: Path, script: str, weight: int, scratch: Path) -> Path:
    """One weight of one script; its figures, comma and full stop are those of one width."""
    font = TTFont(files / f"inter-{script}-wght-normal.woff2", recalcTimestamp=False)
    instantiateVariableFont(font, {"wght": weight}, inplace=True)
    glyphs = set(font.getGlyphOrder())
    for table in font["cmap"].tables:
        table.cmap = {
            code: f"{glyph}.tf" if glyph in TABULAR and f"{glyph}.tf" in glyphs else glyph
            for code, glyph in table.cmap.items()
        }
    for tag in NOT_FOR_PDF:
        if tag in font:
            del font[tag]
    font.flavor = None
    part = scratch / f"{script}.ttf"
    font.save(part)
    return part


def build_uplot(source: Path, target: Path) -> None:
    for name in UPLOT_FILES:
        shutil.copyfile(source / "dist" / name, target / name)


BUILDERS = {TOKENS: build_tokens, ICONS: build_icons, INTER: build_inter, UPLOT: build_uplot}


def licence_file(source: Path) -> Path:
    return next(path for path in sorted(source.iterdir()) if path.name.upper().startswith("LICENSE"))


def lock_entry(package: Package) -> dict[str, object]:
    files = sorted(path for path in (HERE / package.folder).iterdir() if path.is_file())
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "archive": package.integrity,
        "files": {f"{package.folder}/{path.name}": hashlib.sha512(path.read_bytes()).hexdigest() for path in files},
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for package, build in BUILDERS.items():
            source = fetch(package, Path(scratch))
            target = HERE / package.folder
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            build(source, target)
            shutil.copyfile(licence_file(source), target / "LICENSE")
    entries = [lock_entry(package) for package in BUILDERS]
    LOCK.write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
