# The explorer's page as a site. SITE: the folder that becomes one.
set -euo pipefail

mkdir -p "${SITE:?}"
pgflakegen explorer --output "$SITE/index.html"
