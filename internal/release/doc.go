// Release makes what users install:
//
//	go run ./internal/release binary     dist/fsrun, static
//	go run ./internal/release otel       dist/fsrun-otel, static, which few need
//	go run ./internal/release install    into PREFIX beneath DESTDIR
//	go run ./internal/release deb        dist/fsrun_VERSION_ARCHITECTURE.deb
//
// The version is the commit's tag, or made from its time and name; `fsrun --version`
// shows it with the commit. The same commit, with the same Go, gives the same
// bytes: paths are trimmed, and times in the package are the commit's. PREFIX and
// DESTDIR are flags, or variables of the environment as make install takes them.
package main
