// Package preflight looks, before anything is done, at what the machine can and at
// whether a bundle will find what it names. Nothing is created or changed.
//
// A [Check] that does not hold says why and what to do about it. What cannot be
// told without doing it is [Unknown].
package preflight
