package services

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Permission allows the program actions of AWS on resources, besides those on its table.
type Permission struct {
	// Actions are exact, such as "sqs:SendMessage".
	Actions []string
	// Resources are the ARNs of exact resources. The objects of a bucket are the one
	// exception: "arn:aws:s3:::shop-uploads/*".
	Resources []string
}

// Services returns the services of AWS that the permission is for, by the words that begin
// their actions.
func (p Permission) Services() []string {
	var all []string
	for _, action := range p.Actions {
		if service, _, _ := strings.Cut(action, ":"); !slices.Contains(all, service) {
			all = append(all, service)
		}
	}
	return all
}

// same reports whether another permission has the same actions and resources.
func (p Permission) same(other Permission) bool {
	return slices.Equal(p.Actions, other.Actions) && slices.Equal(p.Resources, other.Resources)
}

var (
	exactAction   = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+$`)
	exactResource = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:[^*?\s]+$`)
	s3Objects     = regexp.MustCompile(`^arn:aws[a-z-]*:s3:::[^*?\s]+/\*$`)
)

func (p Permission) check() error {
	if len(p.Actions) == 0 || len(p.Resources) == 0 {
		return fmt.Errorf("a permission of %d actions on %d resources: want one or more of each", len(p.Actions), len(p.Resources))
	}
	for _, action := range p.Actions {
		if !exactAction.MatchString(action) {
			return fmt.Errorf("permission for %q: want an exact action, such as sqs:SendMessage", action)
		}
	}
	for _, resource := range p.Resources {
		if arn := somewhere.Resolve(resource); !exactResource.MatchString(arn) && !s3Objects.MatchString(arn) {
			return fmt.Errorf("permission on %q: want the ARN of an exact resource, or of the objects of a bucket, which ends in /*", resource)
		}
	}
	return nil
}
