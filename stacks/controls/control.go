// Package controls are the security controls that every template of the app
// keeps, as plain data and functions over templates. Synthesis refuses what
// breaks one.
package controls

import (
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

// Check looks for resources that break a control and are not excepted by what
// their environment chose. An exception that excepts nothing where it holds is an
// error, because it would hide what comes.
func Check(templates []Template, choices Choices, exceptions []Exception) ([]Finding, error) {
	var findings []Finding
	held, used := make([]bool, len(exceptions)), make([]bool, len(exceptions))
	for _, t := range templates {
		excepted := func(c Control, r Resource) bool {
			found := false
			for i, e := range exceptions {
				if e.holds(choices[t.Stage]) && e.covers(c, r) {
					used[i], found = true, true
				}
			}
			return found
		}
		for i, e := range exceptions {
			held[i] = held[i] || e.holds(choices[t.Stage])
		}
		for _, c := range All() {
			for _, r := range t.Resources {
				if r.Type == c.Type && !c.Holds(r, t) && !excepted(c, r) {
					findings = append(findings, Finding{c, r, t.File})
				}
			}
		}
	}
	for i, e := range exceptions {
		if held[i] && !used[i] {
			return findings, fmt.Errorf("controls: no %s breaks %s any more: remove the exception", e.Resource, e.Control)
		}
	}
	return findings, nil
}
