package assembly

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Stage is the stacks of one environment, and typed views of their resources. Each
// view is in the order of stacks and, within one, of logical ids.
type Stage struct {
	// Name is the construct's path, such as "shop-dev", and empty for the app itself.
	Name string
	// Stacks are in dependency order: each comes after those it depends on.
	Stacks []*Stack

	LoadBalancers   []LoadBalancer
	Listeners       []Listener
	ListenerRules   []ListenerRule
	TargetGroups    []TargetGroup
	Services        []Service
	TaskDefinitions []TaskDefinition
	ScalableTargets []ScalableTarget
	Tables          []Table
	Roles           []Role
	SecurityGroups  []SecurityGroup
	// ForeignGroups are those that no stack has and that rules of the stacks name by id,
	// such as a database's.
	ForeignGroups []SecurityGroup
	Subnets       []Subnet
	VPCEndpoints  []VPCEndpoint
	Alarms        []Alarm

	images map[string]Image
	// policies are those beside the roles that they are attached to.
	policies []attachedPolicy
}

// Stack returns the stack with that ID.
func (s *Stage) Stack(id string) (*Stack, bool) {
	i := slices.IndexFunc(s.Stacks, func(stack *Stack) bool { return stack.ID == id })
	if i < 0 {
		return nil, false
	}
	return s.Stacks[i], true
}

// Resources yields the resources of the given types, or all when none is given,
// in the order of stacks and, within one, of logical ids.
func (s *Stage) Resources(types ...string) iter.Seq[Resource] {
	return func(yield func(Resource) bool) {
		for _, stack := range s.Stacks {
			for _, resource := range stack.Resources {
				if len(types) > 0 && !slices.Contains(types, resource.Type) {
					continue
				}
				if !yield(resource) {
					return
				}
			}
		}
	}
}

// Resource returns the resource with that identity.
func (s *Stage) Resource(identity string) (Resource, bool) {
	_, id, _ := strings.Cut(strings.TrimSuffix(identity, "}"), ".")
	for _, stack := range s.Stacks {
		for i := range stack.Resources {
			if r := &stack.Resources[i]; r.LogicalID == id && r.Identity() == identity {
				return *r, true
			}
		}
	}
	return Resource{}, false
}

// Find returns the view with that identity, such as the task definition of a
// service in stage.TaskDefinitions.
func Find[T interface{ Identity() string }](views []T, identity string) (T, bool) {
	i := slices.IndexFunc(views, func(v T) bool { return v.Identity() == identity })
	if i < 0 {
		var none T
		return none, false
	}
	return views[i], true
}

func readStage(dir, name string, m manifest) (*Stage, error) {
	s := &Stage{Name: name}
	if err := s.readStacks(dir, m); err != nil {
		return nil, err
	}
	if err := link(s); err != nil {
		return nil, err
	}
	var err error
	if s.images, err = m.images(dir); err != nil {
		return nil, err
	}
	if err := s.readViews(); err != nil {
		return nil, err
	}
	s.nameWorkers()
	return s, nil
}

func (s *Stage) readStacks(dir string, m manifest) error {
	artifacts := m.ofType(stackArtifact)
	order, err := dependencyOrder(artifacts, func(id string) []string { return m.Artifacts[id].Dependencies })
	if err != nil {
		return fmt.Errorf("stacks in %s: %w", dir, err)
	}
	ids := map[string]string{}
	for _, id := range order {
		stack, err := readStack(dir, id, m.Artifacts[id])
		if err != nil {
			return err
		}
		if _, taken := s.Stack(stack.ID); taken {
			return fmt.Errorf("stage %q has two stacks with the ID %s", s.Name, stack.ID)
		}
		ids[id] = stack.ID
		for _, dependency := range m.Artifacts[id].Dependencies {
			if slices.Contains(artifacts, dependency) {
				stack.Dependencies = append(stack.Dependencies, ids[dependency])
			}
		}
		slices.Sort(stack.Dependencies)
		s.Stacks = append(s.Stacks, stack)
	}
	return nil
}

func (s *Stage) readViews() error {
	return errors.Join(
		view(s, &s.LoadBalancers, readLoadBalancer, "AWS::ElasticLoadBalancingV2::LoadBalancer"),
		view(s, &s.ListenerRules, readListenerRule, "AWS::ElasticLoadBalancingV2::ListenerRule"),
		view(s, &s.Listeners, s.readListener, "AWS::ElasticLoadBalancingV2::Listener"),
		view(s, &s.TargetGroups, readTargetGroup, "AWS::ElasticLoadBalancingV2::TargetGroup"),
		view(s, &s.Services, readService, "AWS::ECS::Service"),
		view(s, &s.TaskDefinitions, s.readTaskDefinition, "AWS::ECS::TaskDefinition"),
		view(s, &s.ScalableTargets, s.readScalableTarget, "AWS::ApplicationAutoScaling::ScalableTarget"),
		view(s, &s.Tables, readTable, "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table"),
		view(s, &s.policies, readPolicy, "AWS::IAM::Policy", "AWS::IAM::RolePolicy"),
		view(s, &s.policies, readPolicy, "AWS::IAM::ManagedPolicy"),
		view(s, &s.Roles, s.readRole, "AWS::IAM::Role"),
		view(s, &s.SecurityGroups, s.readSecurityGroup, "AWS::EC2::SecurityGroup"),
		s.readForeignGroups(),
		view(s, &s.Subnets, s.readSubnet, "AWS::EC2::Subnet"),
		view(s, &s.VPCEndpoints, readVPCEndpoint, "AWS::EC2::VPCEndpoint"),
		view(s, &s.Alarms, readAlarm, "AWS::CloudWatch::Alarm"),
		s.checkGroupRules(),
	)
}

// view fills a list with what read makes of every resource of the types.
func view[T any](s *Stage, list *[]T, read func(Resource) (T, error), types ...string) error {
	var errs []error
	for resource := range s.Resources(types...) {
		item, err := read(resource)
		if err != nil {
			errs = append(errs, fmt.Errorf("stack %s: resource %s: %w", resource.Stack, resource.LogicalID, err))
		}
		*list = append(*list, item)
	}
	return errors.Join(errs...)
}
