package stacks

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/strangler/services"
)

// Listener is the listener of an Application Load Balancer that is there already. Nothing
// of it is changed but that the services' rules join its own, and nothing of the load balancer.
type Listener struct {
	// ARN is the listener's.
	ARN string `json:"arn"`
	// SecurityGroup is the id of the load balancer's, from which tasks take requests. What
	// the group lets out is not changed.
	SecurityGroup string `json:"securityGroup"`
	// URL is the address of the listener for clients, such as "https://www.example.com".
	URL string `json:"url"`
	// Monolith is the ARN of the target group of a monolith that stays where it is, behind
	// a rule or the default action of the listener. Empty means that the environment runs
	// the monolith of the catalog.
	Monolith string `json:"monolith"`
	// Rules is the name of a file, relative to the folder of cdk.json, with the rules that
	// the listener has, as "aws elbv2 describe-rules" prints them, with or without
	// "--query Rules". Empty means that synthesis
	// does not know them.
	Rules string `json:"rules"`
	// Priorities move the services' rules out of the way of others.
	Priorities Priorities `json:"priorities"`

	// theirs are the rules in the file that are not the environment's own.
	theirs []services.TheirRule
}

// Priorities are added to the catalog's, for the rules of each kind.
type Priorities struct {
	// Preview is for preview rules. Zero means that they have the catalog's own.
	Preview int `json:"preview"`
	// Live is for live rules. Zero means 25000.
	Live int `json:"live"`
}

// ARNs of a listener and of a target group of an Application Load Balancer. The groups are
// region, account, and the resource.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
const balancingARN = `^arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):(\d{12}):`

var (
	listenerARN    = regexp.MustCompile(balancingARN + `listener/app/[A-Za-z0-9-]+/[0-9a-f]+/[0-9a-f]+$`)
	targetGroupARN = regexp.MustCompile(balancingARN + `targetgroup/[A-Za-z0-9-]+/[0-9a-f]+$`)
	listenerURL    = regexp.MustCompile(`^https?://[a-z0-9.-]+(:\d+)?$`)
)

// checkBesideListener refuses what is for a load balancer that the environment gets.
func (e Environment) checkBesideListener() error {
	if e.VPC == nil {
		return fmt.Errorf("listener wants vpc, the one of its load balancer: a target group of another VPC cannot join it")
	}
	for _, key := range []struct {
		name string
		set  bool
	}{
		{"domains", len(e.Domains) > 0}, {"certificate", e.Certificate != ""}, {"hostedZoneId", e.HostedZoneID != ""},
		{"idleTimeout", e.IdleTimeout != 0}, {"waf", e.WAF != nil}, {"freeText", len(e.FreeText) > 0},
		{"vpc.loadBalancer", len(e.VPC.LoadBalancer) > 0},
	} {
		if key.set {
			return fmt.Errorf("%s is for a load balancer that the environment gets: remove it beside listener", key.name)
		}
	}
	return nil
}

func (e Environment) checkListener() error {
	if e.Listener == nil {
		return nil
	}
	l := *e.Listener
	if err := e.checkARN("listener.arn", l.ARN, listenerARN, "listener/app/shop/0123456789abcdef/0123456789abcdef"); err != nil {
		return err
	}
	if l.Monolith != "" {
		if err := e.checkARN("listener.monolith", l.Monolith, targetGroupARN, "targetgroup/shop/0123456789abcdef"); err != nil {
			return err
		}
	}
	switch p := l.Priorities; {
	case !services.IsSecurityGroup(l.SecurityGroup):
		return fmt.Errorf("listener.securityGroup %q: want the load balancer's, such as sg-0123456789abcdef0", l.SecurityGroup)
	case !listenerURL.MatchString(l.URL):
		return fmt.Errorf("listener.url %q: want the listener's address without a path, such as https://www.example.com", l.URL)
	case p.Preview < 0 || p.Live < 0:
		return fmt.Errorf("listener.priorities %d and %d: want 0 or more", p.Preview, p.Live)
	case p != Priorities{} && l.Monolith == "":
		return fmt.Errorf("listener.priorities wants listener.monolith: the rule of a monolith of the catalog has the last priority")
	}
	return nil
}

// checkARN wants a resource of the environment's region and account.
func (e Environment) checkARN(key, arn string, pattern *regexp.Regexp, resource string) error {
	parts := pattern.FindStringSubmatch(arn)
	if parts == nil || parts[1] != e.Region || e.Account != "" && parts[2] != e.Account {
		return fmt.Errorf("%s %q: want an ARN such as arn:aws:elasticloadbalancing:%s:%s:%s", key, arn, e.Region,
			cmp.Or(e.Account, "123456789012"), resource)
	}
	return nil
}

// checkMonolith wants to know where the monolith runs, and refuses connections of one that
// runs outside.
func (e Environment) checkMonolith(catalog services.Catalog) error {
	monolith := catalog.Monolith
	switch {
	case e.external() == "" && !monolith.Image.Named():
		return fmt.Errorf("%q has no image: set one in the catalog, or listener.monolith to the target group that it is behind", monolith.Name)
	case e.external() != "" && monolith.Connected():
		return fmt.Errorf("%q calls or is called, and is external here: connections are between programs that the environment runs: remove them",
			monolith.Name)
	}
	return nil
}

// listener is what the rules of the environment's programs are in.
func (e Environment) listener() services.Listener {
	l := services.Listener{PreviewFrom: e.PreviewFrom, Monolith: e.external()}
	if e.Listener != nil {
		l.Preview, l.Live, l.Theirs = e.Listener.Priorities.Preview, e.Listener.Priorities.Live, e.Listener.theirs
	}
	return l
}

// readRules reads the file of the rules that others made.
func (e Environment) readRules(catalog services.Catalog) error {
	if e.Listener == nil || e.Listener.Rules == "" {
		return nil
	}
	file, write := e.Listener.Rules, "write it with go run ./test/import rules "+e.Listener.ARN
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("listener.rules: %w: %s", err, write)
	case err != nil:
		return fmt.Errorf("listener.rules: %w", err)
	}
	all, err := services.ParseTheirs(text)
	if err != nil {
		return fmt.Errorf("listener.rules: %s: %w", file, err)
	}
	own := strings.Replace(e.Listener.ARN, ":listener/", ":listener-rule/", 1) + "/"
	for _, rule := range all {
		if !strings.HasPrefix(rule.ARN, own) {
			return fmt.Errorf("listener.rules: %s: %s is of another listener than listener.arn: %s", file, rule.ARN, write)
		}
	}
	e.Listener.theirs = services.OfOthers(all, e.StageName(), catalog)
	return nil
}

// RootRules makes the names of files with rules, in the context of a cdk.json, relative to
// the working directory instead of its folder.
func RootRules(context map[string]any, folder string) {
	environments, _ := context["environments"].(map[string]any) // decodeEnvironments refuses what is none
	for _, e := range environments {
		environment, _ := e.(map[string]any)
		listener, _ := environment["listener"].(map[string]any)
		if name, _ := listener["rules"].(string); name != "" && !filepath.IsAbs(name) {
			listener["rules"] = filepath.Join(folder, name)
		}
	}
}

// describe prints the listener's address, and warns of one that can be read on the way.
func (l Listener) describe(stack awscdk.Stack, environment string) {
	printURL(stack, l.URL)
	if strings.HasPrefix(l.URL, "http:") {
		warnOfHTTP(stack, environment+" has a listener of HTTP")
	}
}
