package cloudformation

import (
	"cmp"
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// Resource is a resource of a template, and which one of those made for it.
type Resource struct {
	assembly.Resource
	// ID is the physical id. It is the identity, unless the resource has been replaced:
	// then the old and the new one have the same identity, but an ID each.
	ID string
}

// Deployment is the stage that is being deployed.
type Deployment struct {
	*assembly.Stage
	// ids are the physical ids of the resources that have been replaced, by identity.
	ids map[string]string
}

// ID returns the physical id of the resource with an identity: at the time of the call
// to the provider that the deployment was passed to.
func (d Deployment) ID(identity string) string { return cmp.Or(d.ids[identity], identity) }

// deployment returns a stage with the physical ids of now.
func (a *Account) deployment(stage *assembly.Stage) Deployment {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := Deployment{Stage: stage, ids: map[string]string{}}
	for _, s := range a.stacks {
		for _, r := range s.existing {
			d.ids[r.Identity()] = r.physical().ID
		}
	}
	return d
}

// physical is the resource with its physical id.
func (r resource) physical() Resource {
	if r.generation == 0 {
		return Resource{r.Resource, r.Identity()}
	}
	return Resource{r.Resource, fmt.Sprintf("%s/%d", r.Identity(), r.generation+1)}
}
