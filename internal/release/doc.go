// Release makes what users install:
//
//	go run ./internal/release binary     dist/fsrun, static
//	go run ./internal/release otel       dist/fsrun-otel, static, which few need
//	go run ./internal/release install    into PREFIX beneath DESTDIR
//	go run ./internal/release deb        dist/fsrun_VERSION_ARCHITECTURE.deb
//
// The version is the commit's tag, or derived from its time and hash; `fsrun --version`
// shows it with the commit. The same commit and version of Go give the same bytes: paths are
// trimmed, and times in the package are the commit's. PREFIX and DESTDIR are flags, or
// environment variables as for make install.
package main
