package region

import (
	"fmt"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// group is a target group with the name that it has, if the template names it.
type group struct {
	*alb.TargetGroup
	name string
}

// createTargetGroup fails when another target group has the name, as one has that it
// replaces under the same name. It makes no exception for one of the same settings, which
// CloudFormation would not ask for.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
func (r *Region) createTargetGroup(id string, declared assembly.TargetGroup) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, _ := declared.Properties["Name"].(string)
	for _, other := range r.groups {
		if name != "" && name == other.name {
			return fmt.Errorf("a target group with the same name %q exists, but with different settings", name)
		}
	}
	settings, err := r.settings(declared)
	if err != nil {
		return err
	}
	g := &group{alb.NewTargetGroup(settings), name}
	r.groups[id] = g
	r.frontend.setGroup(id, g)
	return nil
}

// updateTargetGroup changes a target group under its targets.
func (r *Region) updateTargetGroup(id string, declared assembly.TargetGroup) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	settings, err := r.settings(declared)
	if err != nil {
		return err
	}
	r.groups[id].Configure(settings)
	return nil
}

// settings fails on an attribute that the load balancer here does not obey.
func (r *Region) settings(declared assembly.TargetGroup) (alb.Settings, error) {
	check := declared.HealthCheck
	return alb.Settings{
		HealthCheck: alb.HealthCheck{
			Path:      check.Path,
			Interval:  r.clock.scaled(check.Interval),
			Timeout:   r.clock.scaled(check.Timeout),
			Healthy:   check.Healthy,
			Unhealthy: check.Unhealthy,
			Codes:     check.Codes,
		},
		DeregistrationDelay:      r.clock.scaled(declared.DeregistrationDelay),
		LeastOutstandingRequests: declared.Attributes["load_balancing.algorithm.type"] == "least_outstanding_requests",
		IdleTimeout:              r.clock.scaled(r.idleTimeout),
		ProtocolVersion:          declared.ProtocolVersion,
	}, alb.CheckTargetGroupAttributes(declared.Attributes)
}

// deleteTargetGroup fails while a rule or the listener's default action forwards to the
// group.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html
func (r *Region) deleteTargetGroup(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.frontend.attached(id) {
		return fmt.Errorf("target group %s is in use by a listener or a rule", id)
	}
	r.frontend.setGroup(id, nil)
	if group := r.groups[id]; group != nil {
		group.Close()
		delete(r.groups, id)
	}
	return nil
}
