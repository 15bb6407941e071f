#!/usr/bin/env bash
# Bundles the libraries of the page into the package: D3 and KaTeX, as pinned in package-lock.json,
# with their licences. Run it after a change of package.json, and commit what it writes.
set -euo pipefail
cd "$(dirname "$0")"
target=../../geartrain/page/static/libraries
npm ci --silent --no-audit --no-fund
rm -rf "$target"
mkdir -p "$target/fonts"
npx esbuild d3.js --bundle --format=esm --minify --legal-comments=none --outfile="$target/d3.js"
npx esbuild node_modules/katex/dist/katex.mjs --format=esm --minify --legal-comments=none --outfile="$target/katex.js"
cp node_modules/katex/dist/fonts/*.woff2 "$target/fonts/"
# browsers of today take woff2: the other formats of each font are left out
sed -E 's/,url\(fonts\/[^)]*\.(woff|ttf)\) format\("(woff|truetype)"\)//g' \
    node_modules/katex/dist/katex.min.css > "$target/katex.css"
for package in katex d3-array d3-color d3-contour d3-format d3-interpolate d3-path d3-scale \
    d3-selection d3-shape d3-time d3-time-format internmap; do
    printf '== %s\n\n' "$package"
    cat "node_modules/$package/LICENSE"
    echo
done > "$target/LICENSES.txt"
