// Package controls are the security controls that every template of the app
// keeps, as plain data and functions over templates. Synthesis refuses a template
// that breaks one.
package controls

import (
	"fmt"
	"path/filepath"
	"slices"

	"example.com/strangler/stacks/template"
)

// Control is a rule for every resource of a type.
type Control struct {
	// ID is Security Hub's (ECS.5) or Control Tower's (CT.ECS.PR.7) where one of
	// them has the control. Otherwise it begins with HOUSE.
	//
	// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
	// https://docs.aws.amazon.com/controltower/latest/controlreference/controls-reference.html
	ID string
	// Type is the CloudFormation type of the resources, such as "AWS::ECS::Service".
	Type string
	// Title says what holds, and Fix what to do where it does not.
	Title, Fix string
	// Holds reports whether a resource keeps the control, in the template that
	// declares it.
	Holds check
}

// check looks at a resource in the template that declares it.
type check = func(template.Resource, template.Template) bool

// All returns the controls, in the order of their subjects.
func All() []Control {
	return slices.Concat(containers(), roles(), network(), edge(), data(), watching())
}

// Finding is a resource that breaks a control.
type Finding struct {
	Control  Control
	Resource template.Resource
	// Template is the path of the template that declares the resource.
	Template string
}

// String is the finding in a line.
func (f Finding) String() string {
	return fmt.Sprintf("%s of %s: %s: %s: %s", f.Resource.LogicalID, filepath.Base(f.Template), f.Control.ID, f.Control.Title, f.Control.Fix)
}

// Check returns the resources that break a control, except where an exception
// holds for the choices of the template's stage. It fails when every resource that an
// exception names keeps the control, because such an exception would hide a later mistake.
func Check(templates []template.Template, choices Choices, exceptions []Exception) ([]Finding, error) {
	var findings []Finding
	found, used := make([]bool, len(exceptions)), make([]bool, len(exceptions))
	for _, t := range templates {
		made := choices[t.Stage()]
		for _, c := range All() {
			for _, r := range ofType(t, c.Type) {
				breaks, excepted := !c.Holds(r, t), false
				for i, e := range exceptions {
					if e.holds(t.Stage(), made) && e.covers(c, r) {
						found[i], used[i], excepted = true, used[i] || breaks, true
					}
				}
				if breaks && !excepted {
					findings = append(findings, Finding{c, r, t.File})
				}
			}
		}
	}
	for i, e := range exceptions {
		if found[i] && !used[i] {
			return findings, fmt.Errorf("controls: no %s breaks %s any more: remove the exception", e.Resource, e.Control)
		}
	}
	return findings, nil
}
