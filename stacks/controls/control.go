// Package controls are the security controls that every template of the app
// keeps, as plain data and functions over templates. Synthesis refuses what
// breaks one.
package controls

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
)

// Control is a sentence that holds for every resource of a type.
type Control struct {
	// ID is Security Hub's (ECS.5) or Control Tower's (CT.ECS.PR.7) where one of
	// them has the control, and HOUSE's own otherwise.
	//
	// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
	// https://docs.aws.amazon.com/controltower/latest/controlreference/controls-reference.html
	ID string
	// Type is that of the resources, as CloudFormation names it.
	Type string
	// Title says what holds, and Fix what to do where it does not.
	Title, Fix string
	// Holds looks at one resource, in the template that declares it.
	Holds func(Resource, Template) bool
}

// All are the controls, in the order of their subjects.
func All() []Control {
	return slices.Concat(containers(), roles(), network(), edge(), data(), watching())
}

// Finding is a resource that breaks a control.
type Finding struct {
	Control  Control
	Resource Resource
	// Template is the file that declares the resource.
	Template string
}

// String is the finding in a line.
func (f Finding) String() string {
	return fmt.Sprintf("%s of %s: %s: %s: %s", f.Resource.LogicalID, filepath.Base(f.Template), f.Control.ID, f.Control.Title, f.Control.Fix)
}

// Check looks for resources that break a control and are not excepted. An
// exception that excepts nothing is an error, because it would hide what comes.
func Check(templates []Template, exceptions []Exception) ([]Finding, error) {
	var findings []Finding
	used := make([]bool, len(exceptions))
	for _, t := range templates {
		for _, c := range All() {
			for _, r := range t.Resources {
				if r.Type != c.Type || c.Holds(r, t) {
					continue
				}
				if i := slices.IndexFunc(exceptions, func(e Exception) bool { return e.covers(c, r, t) }); i >= 0 {
					used[i] = true
					continue
				}
				findings = append(findings, Finding{c, r, t.File})
			}
		}
	}
	for i, e := range exceptions {
		if !used[i] && e.applies(templates) {
			return findings, fmt.Errorf("controls: no %s of %s breaks %s any more: remove the exception", e.Resource, cmp.Or(e.Stage, "any stage"), e.Control)
		}
	}
	return findings, nil
}
