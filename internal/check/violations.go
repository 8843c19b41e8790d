package main

import (
	"fmt"
	"strings"
)

// violations returns a line for every violation of the rules.
func (m *module) violations() []string {
	var found []string
	for _, one := range m.own() {
		for _, rule := range rules {
			if m.matches(one.ImportPath, rule.packages) {
				found = append(found, m.breaches(one, rule)...)
			}
		}
		found = append(found, m.seesBothSides(one)...)
		found = append(found, m.misuses(one)...)
	}
	return found
}

// breaches returns a package's violations of a rule.
func (m *module) breaches(one *goPackage, rule rule) []string {
	var found []string
	if rule.only != nil {
		for _, imported := range one.Imports {
			if !m.matchesAny(imported, rule.only) {
				found = append(found, fmt.Sprintf("%s imports %s; it may import only %s: %s",
					m.relative(one.ImportPath), m.relative(imported), strings.Join(rule.only, ", "), rule.why))
			}
		}
	}
	for _, pattern := range rule.never {
		way := m.chain(one.ImportPath, buildImports, func(path string) bool { return m.matches(path, pattern) })
		if way != nil {
			found = append(found, fmt.Sprintf("%s must not depend on %s, but does (%s): %s",
				m.relative(one.ImportPath), pattern, strings.Join(way, " → "), rule.why))
		}
	}
	return found
}

func (m *module) seesBothSides(one *goPackage) []string {
	if m.matchesAny(one.ImportPath, bothSides) {
		return nil
	}
	depends := func(pattern string) bool {
		return m.matches(one.ImportPath, pattern) ||
			m.chain(one.ImportPath, buildImports, func(path string) bool { return m.matches(path, pattern) }) != nil
	}
	if depends("parent/...") && depends("child/...") {
		return []string{fmt.Sprintf("%s depends on both parent and child; only %s may: the two sides agree through the protocol and nothing else",
			m.relative(one.ImportPath), strings.Join(bothSides, ", "))}
	}
	return nil
}

func (m *module) misuses(one *goPackage) []string {
	var found []string
	for _, privilege := range privileges {
		if m.matchesAny(one.ImportPath, privilege.packages) {
			continue
		}
		if files := privilege.uses(one); len(files) > 0 {
			found = append(found, fmt.Sprintf("%s uses %s in %s; allowed in: %s. %s",
				m.relative(one.ImportPath), privilege.feature, strings.Join(files, ", "), strings.Join(privilege.packages, ", "), privilege.why))
		}
	}
	return found
}

func buildImports(p *goPackage) []string { return p.Imports }
