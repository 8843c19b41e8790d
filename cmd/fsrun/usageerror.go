package main

// usageError is a command line that says nothing that can be done.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// Hint tells where one learns what can be.
func (u usageError) Hint() string { return "fsrun help COMMAND shows what is allowed, with examples" }
