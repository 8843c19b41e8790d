// Package testlog reads the event stream of go test -json (see go doc
// test2json), counts its tests and judges their skips.
package testlog
