package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/services"
)

// checkNeeds refuses what no task could reach. The monolith needs what services take from
// it also while they are strangled: to go back is one word.
func (e Environment) checkNeeds(catalog services.Catalog) error {
	for _, s := range e.runs(catalog) {
		if s.Name == catalog.Monolith.Name {
			s = services.MonolithIn(catalog, services.Migration{})
		}
		for _, check := range []func(services.Needs) error{e.checkSecrets, e.checkPermissions, e.checkEgress} {
			if err := check(s.Needs); err != nil {
				return fmt.Errorf("%q %w", s.Name, err)
			}
		}
	}
	return nil
}

// checkSecrets refuses a secret that ECS could not read.
func (e Environment) checkSecrets(needs services.Needs) error {
	for _, variable := range slices.Sorted(maps.Keys(needs.Secrets)) {
		secret := needs.Secrets[variable]
		if err := e.checkReach(secret.Service(), secret.ARN(e.place())); err != nil {
			return fmt.Errorf("has the secret %s, which ECS cannot read: %w", variable, err)
		}
	}
	return nil
}

// checkPermissions refuses a permission that could never be used.
func (e Environment) checkPermissions(needs services.Needs) error {
	for _, p := range needs.Permissions {
		for _, service := range p.Services() {
			for _, resource := range p.Resources {
				if err := e.checkReach(service, e.place().Resolve(resource)); err != nil {
					return fmt.Errorf("has a permission for %s, which tasks cannot use: %w", strings.Join(p.Actions, " "), err)
				}
			}
		}
	}
	return nil
}

// checkEgress refuses a way to the internet where there is none, and to a security group that
// the environment does not know.
func (e Environment) checkEgress(needs services.Needs) error {
	for _, way := range needs.Egress {
		if way.Named() && e.SecurityGroups[way.To] == "" {
			return fmt.Errorf(`has egress to %s, and no security group here has that name: add %q with its id to securityGroups`, way, way.To)
		}
		if way.To == services.Internet && !e.internet() {
			return fmt.Errorf("has egress to %s, where no task comes without a NAT gateway: set %s, or remove it", way, e.toInternet())
		}
	}
	return nil
}

// waysOf are a program's ways out, with the ids of this environment's security groups.
func (e Environment) waysOf(needs services.Needs) []services.Egress {
	ways := slices.Clone(needs.Egress)
	for i, way := range ways {
		if way.Named() {
			ways[i].To = e.SecurityGroups[way.To]
		}
	}
	return ways
}

// checkSecurityGroups refuses what is no id of a security group.
func (e Environment) checkSecurityGroups() error {
	for _, name := range slices.Sorted(maps.Keys(e.SecurityGroups)) {
		if id := e.SecurityGroups[name]; !services.IsSecurityGroup(id) {
			return fmt.Errorf("securityGroups: %q is %q: want an id such as sg-0a1b2c3d4e5f60718", name, id)
		}
	}
	return nil
}

// withoutEndpoint are services whose permissions no call to an endpoint asks for: a database
// asks IAM itself whether a user may connect.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
var withoutEndpoint = []string{"rds-db"}

// checkReach refuses a resource of a service that no endpoint leads to, and that is not
// reached through a NAT gateway. The endpoint of DynamoDB is there beside a gateway too. In
// a VPC with endpoints of its own an environment says so by naming them.
func (e Environment) checkReach(service, arn string) error {
	_, further := furtherEndpoints[service]
	further = further || slices.Contains(gateways, service)
	isOpen := e.internet() && service != "dynamodb" || slices.Contains(withoutEndpoint, service)
	switch {
	case isOpen:
	case !further:
		return fmt.Errorf("%s has no endpoint here: set %s", service, e.toInternet())
	case !slices.Contains(e.Endpoints, service) && service == "dynamodb":
		return fmt.Errorf(`the endpoint of dynamodb passes the app's own tables alone: add "dynamodb" to endpoints`)
	case !slices.Contains(e.Endpoints, service):
		return fmt.Errorf(`there is no NAT gateway: add %q to endpoints, or set %s`, service, e.toInternet())
	case service != "s3" && !e.holds(arn):
		return fmt.Errorf("%s is not of the environment's account and region, which is all that the endpoint passes", arn)
	}
	return nil
}

// place is where the environment is, with a word for what only a deployment knows.
func (e Environment) place() services.Place {
	return services.Place{Partition: "aws", Region: e.Region, Account: cmp.Or(e.Account, "own")}
}

// holds reports whether an ARN is of the environment's account and region.
func (e Environment) holds(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[3] == e.Region && (e.Account == "" || parts[4] == e.Account)
}
