// Site makes the documentation a web site that needs no network: docs/*.md,
// SPEC.md and CONTRIBUTING.md as pages, with search, diagrams, and both machines
// to step through recorded handshakes.
//
//	go run ./internal/site                     build it into dist/site
//	go run ./internal/site -serve :8000        and serve it
//	go run ./internal/site -check              and look at every page in Chromium
//
// It is built by VitePress, with the versions of web/package-lock.json, which npm
// installs into the user's cache directory. What the machines are and what they
// did is data: it is generated from their tables and from the recordings in
// recordings/, which the flight recorder wrote.
//
// -check loads every page in headless Chromium without a network: no error on the
// console, no link that leads nowhere, every diagram drawn, the search finding
// what it should, the stepper stepping. What it saw it leaves as pictures in
// dist/site-screenshots. Chromium is installed from Debian's archive when it is
// missing (as root).
package main
