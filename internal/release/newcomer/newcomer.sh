#!/bin/sh
# A newcomer's way on a bare Debian machine with fsrun's package at $1: to a
# running container, and to a failure that explains itself. Each step is timed.
set -eu

package=$1
begin=$(date +%s%3N)
reach() { # reach WHAT: tell how long it took to get here
    echo "reached $(($(date +%s%3N) - begin)) ms $1"
}
want() { # want TEXT FILE: the file must have it
    grep -q -- "$1" "$2" || { echo "missing: $1"; cat "$2"; exit 1; }
}

dpkg --install "$package"
dpkg-query --show fsrun
fsrun --version
reach "installed"

fsrun doctor || true
reach "looked at the machine"

fsrun wrap --pids-max 1 -- /bin/echo hello >said
want '^hello$' said
reach "first container"

cd "$(mktemp -d)"
mkdir -p web/rootfs/bin
cp /bin/busybox web/rootfs/bin/
fsrun spec --bundle web
sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"busybox", "sleep", "600"/' web/config.json
fsrun run --detach --bundle web web
fsrun exec web busybox echo inside >said
want '^inside$' said
fsrun list
reach "a bundle's container runs"

sed 's/"busybox", "sleep", "600"/"no-such-program"/' web/config.json >config.json
mkdir broken && mv config.json broken/ && cp -r web/rootfs broken/
if fsrun run --trace broken.json --bundle broken broken >said 2>&1; then
    echo "what is broken ran"
    exit 1
fi
cat said
want 'process.args\[0\]' said
want 'executable file not found' said
fsrun trace broken.json >drawn
want 'Failed: ' drawn
reach "a failure is diagnosed"

fsrun delete --force web
test -z "$(fsrun list --quiet)"
dpkg --remove fsrun
reach "gone again"
