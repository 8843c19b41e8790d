// Site turns the documentation into a web site that needs no network: docs/*.md, SPEC.md and
// CONTRIBUTING.md as pages, with search, diagrams, and recorded handshakes to step through.
//
//	go run ./internal/site                     build it into dist/site
//	go run ./internal/site -serve :8000        and serve it
//	go run ./internal/site -check              and check every page in Chromium
//
// It is built with VitePress, in the versions of web/package-lock.json, which npm installs
// into the user's cache directory. What the stepper shows is generated from the machines'
// tables and from the recordings in recordings/, which the flight recorder wrote.
//
// -check loads every page in headless Chromium without a network. There must be no error on
// the console and no broken link, every diagram must be drawn, the search must find what it
// should, and the stepper must step. Screenshots are left in dist/site-screenshots. Chromium
// is installed from Debian's archive if it is missing (as root).
package main
