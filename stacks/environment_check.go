package stacks

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/services"
)

var (
	environmentName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
	regionName      = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)
	accountID       = regexp.MustCompile(`^\d{12}$`)
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
	policyName   = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	domainName   = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	emailAddress = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	hostedZoneID = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
)

// longestDomain is the room for a name in a certificate.
//
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html#ACM-RequestCertificate-request-DomainName
const longestDomain = 64

func isDomain(name string) bool { return len(name) <= longestDomain && domainName.MatchString(name) }

// checkTogether refuses keys that say two different things, before the defaults of
// either are there.
func (e Environment) checkTogether() error {
	if e.VPC != nil && (e.AZs != 0 || e.NATGateways != 0) {
		return fmt.Errorf("azs and natGateways are for a VPC that the environment gets: remove them beside vpc, which has zones and internet")
	}
	if e.Listener != nil {
		return e.checkBesideListener()
	}
	return nil
}

// check refuses what could not be deployed.
func (e Environment) check(catalog services.Catalog) error {
	for _, check := range []func() error{
		e.checkPlace, e.checkVPC, e.checkSecurityGroups, e.checkListener, e.checkNetwork, e.checkRegion, e.checkDomain, e.checkFirewall,
		e.checkPeople,
		e.checkEndpoints,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := e.checkMonolith(catalog); err != nil {
		return err
	}
	if err := services.LintHosts(catalog, e.Domains); err != nil {
		return err
	}
	if err := e.readRules(catalog); err != nil {
		return err
	}
	if err := e.listener().Lint(catalog); err != nil {
		return err
	}
	for _, check := range []func(services.Catalog) error{e.checkIdleTimeout, e.checkQueues, e.checkImages, e.checkNeeds} {
		if err := check(catalog); err != nil {
			return err
		}
	}
	return nil
}

// checkPlace looks at the names of the environment, its region and its account.
func (e Environment) checkPlace() error {
	switch {
	case !environmentName.MatchString(e.Name):
		return fmt.Errorf("a name is at most 20 lower-case letters, digits and dashes, starting with a letter")
	case e.StageName() == deliveryStack(e.App):
		return fmt.Errorf("%s is the stack that delivers the environments: choose another name", e.StageName())
	case e.Region == "":
		return fmt.Errorf(`no region: add "region": "eu-west-1" or another`)
	case !regionName.MatchString(e.Region):
		return fmt.Errorf("region %q: want a name such as eu-west-1", e.Region)
	case e.Account != "" && !accountID.MatchString(e.Account):
		return fmt.Errorf("account %q: want 12 digits, as text", e.Account)
	case e.PermissionsBoundary != "" && !policyName.MatchString(e.PermissionsBoundary):
		return fmt.Errorf("permissionsBoundary %q: want the name of a managed policy, not its ARN", e.PermissionsBoundary)
	}
	return nil
}

// withoutBudgets are the regions whose CloudFormation has no AWS::Budgets::Budget.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-schemas.html
var withoutBudgets = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
	"ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "il-central-1",
	"me-central-1", "me-south-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1",
}

// checkRegion refuses what the region's CloudFormation does not have.
func (e Environment) checkRegion() error {
	if *e.Budgets && slices.Contains(withoutBudgets, e.Region) {
		return fmt.Errorf(`CloudFormation has no budgets in %s: set "budgets" to false`, e.Region)
	}
	return nil
}

// longestSearch is the room for a text that a firewall searches for, in bytes, and
// maxFreeText how many the rule has capacity for.
//
// https://docs.aws.amazon.com/waf/latest/APIReference/API_ByteMatchStatement.html
const (
	longestSearch = 200
	maxFreeText   = 10
)

func (e Environment) checkFirewall() error {
	if len(e.FreeText) > 0 && !*e.WAF {
		return fmt.Errorf("freeText is for the firewall: set waf to true, or remove it")
	}
	if len(e.FreeText) > maxFreeText {
		return fmt.Errorf("freeText has %d paths: want %d at most", len(e.FreeText), maxFreeText)
	}
	for _, path := range e.FreeText {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "*?") || len(path) > longestSearch {
			return fmt.Errorf("freeText %q: want how a path begins, such as /api/comments, without wildcards and of at most %d characters", path,
				longestSearch)
		}
	}
	return nil
}

// zonesOf has the regions in which Fargate runs in another number of availability zones than
// three.
//
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
var zonesOf = map[string]int{"ap-northeast-2": 4, "cn-north-1": 2, "us-east-1": 6, "us-west-1": 2, "us-west-2": 4}

func (e Environment) checkNetwork() error {
	zones := cmp.Or(zonesOf[e.Region], 3)
	switch {
	case e.AZs < 2 || e.AZs > zones:
		return fmt.Errorf("azs %d: want 2, for a load balancer, to %d, all that Fargate has in %s", e.AZs, zones, e.Region)
	case e.NATGateways < 0 || e.NATGateways > e.AZs:
		return fmt.Errorf("natGateways %d: want 0 to %d, one for each zone at most", e.NATGateways, e.AZs)
	case len(e.PreviewFrom) > 2 && slices.Equal(e.PreviewFrom, e.ranges()):
		return fmt.Errorf("the VPC has %d CIDR blocks: name two at most in previewFrom, a listener rule has no room for more", len(e.PreviewFrom))
	case len(e.PreviewFrom) > 2:
		return fmt.Errorf("previewFrom has %d CIDR blocks: a listener rule has room for two", len(e.PreviewFrom))
	}
	for _, block := range e.PreviewFrom {
		if prefix, err := netip.ParsePrefix(block); err != nil || prefix != prefix.Masked() {
			return fmt.Errorf("previewFrom %q: want a CIDR block such as 203.0.113.0/24", block)
		}
	}
	return nil
}

// maxDomains is how many names a certificate has without a higher quota.
//
// https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
const maxDomains = 10

// certificateARN is the ARN of a certificate. Its group is the region.
var certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate/[A-Za-z0-9-]+$`)

func (e Environment) checkDomain() error {
	region := certificateARN.FindStringSubmatch(e.Certificate)
	switch {
	case len(e.Domains) == 0 && e.HostedZoneID+e.Certificate != "":
		return fmt.Errorf("hostedZoneId and certificate are for domains: name at least one, or remove them for plain HTTP")
	case len(e.Domains) > 0 && e.HostedZoneID+e.Certificate == "":
		return fmt.Errorf("domains %q without hostedZoneId and certificate: want the zone that holds them, or the ARN of a certificate for them",
			e.Domains)
	case len(e.Domains) > maxDomains:
		return fmt.Errorf("%d domains: a certificate has %d names", len(e.Domains), maxDomains)
	case e.HostedZoneID != "" && !hostedZoneID.MatchString(e.HostedZoneID):
		return fmt.Errorf("hostedZoneId %q: want an id such as Z0123456789ABCDEFGHIJ", e.HostedZoneID)
	case e.Certificate != "" && (region == nil || region[1] != e.Region):
		return fmt.Errorf("certificate %q: want the ARN of a certificate in %s", e.Certificate, e.Region)
	}
	for i, name := range e.Domains {
		switch {
		case !isDomain(name):
			return fmt.Errorf("domain %q: want a name such as www.example.com, in lower case, of at most %d characters", name, longestDomain)
		case i == 0 && strings.HasPrefix(name, "*"):
			return fmt.Errorf("domain %q: want a name without a wildcard as the first one, such as www.example.com: it is the address that "+
				"is printed", name)
		case slices.Contains(e.Domains[:i], name):
			return fmt.Errorf("domain %q is there twice: remove one", name)
		}
	}
	return nil
}

// shortestIdle is what the load balancer waits at least for a program of this module, which
// takes up to 30 s for an answer, see services/server. It waits 4000 s at most.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
const (
	shortestIdle = 31
	longestIdle  = 4000
)

func (e Environment) checkIdleTimeout(catalog services.Catalog) error {
	if e.IdleTimeout < 1 || e.IdleTimeout > longestIdle {
		return fmt.Errorf("idleTimeout %d: want 1 to %d seconds", e.IdleTimeout, longestIdle)
	}
	for _, s := range catalog.All() {
		if s.Image.Program != "" && e.IdleTimeout < shortestIdle {
			return fmt.Errorf("idleTimeout %d: %q may take 30 s for an answer: want %d or more", e.IdleTimeout, s.Name, shortestIdle)
		}
	}
	return nil
}

func (e Environment) checkPeople() error {
	if e.AlarmEmail != "" && !emailAddress.MatchString(e.AlarmEmail) {
		return fmt.Errorf("alarmEmail %q: want an address such as oncall@example.com", e.AlarmEmail)
	}
	return nil
}

// checkQueues refuses a queue of another region, whose length CloudWatch does not have in this
// one.
func (e Environment) checkQueues(catalog services.Catalog) error {
	for _, w := range catalog.Workers {
		if region := w.Scaling.QueueRegion(e.place()); region != "" && region != e.Region {
			return fmt.Errorf("%q scales on a queue in %s: want one in %s, where its length is measured", w.Name, region, e.Region)
		}
	}
	return nil
}

// checkImages refuses an image that no task could pull, and a collector that could
// not get rid of what it collects.
func (e Environment) checkImages(catalog services.Catalog) error {
	if e.internet() {
		return nil
	}
	way := e.toInternet()
	for _, s := range e.runs(catalog) {
		for _, image := range []services.Image{s.Image, {Registry: s.Collector}} {
			if image.Registry != "" && !e.reaches(image) {
				return fmt.Errorf("%q runs %s, which tasks cannot pull without a NAT gateway: push it to ECR in the environment's account and "+
					"region, or set %s",
					s.Name, image.Registry, way)
			}
		}
		if s.Collector != "" && !e.Traces {
			return fmt.Errorf("%q has a collector, which cannot reach X-Ray without a NAT gateway: set traces to true, or %s", s.Name, way)
		}
	}
	return nil
}

// reaches reports whether the VPC's ECR endpoints serve the image.
func (e Environment) reaches(source services.Image) bool {
	image, ok := source.ECR()
	return ok && image.Region == e.Region && (e.Account == "" || image.Account == e.Account)
}
