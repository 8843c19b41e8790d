package main

// usageError is an error in the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// Hint says how to find out what is allowed.
func (u usageError) Hint() string { return "fsrun help COMMAND shows what is allowed, with examples" }
