package test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/synth"
)

func environments(app *synth.App) ([]stacks.Environment, error) {
	read, err := stacks.Read(app.Context, app.Catalog)
	if err != nil {
		return nil, err
	}
	return read.Environments, nil
}

func TestEnvironmentDefaults(t *testing.T) {
	all, err := environments(neutral(t, environment("azs", nil), environment("natGateways", nil), environment("previewFrom", nil)))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if e := all[0]; e.Name != "dev" || e.AZs != 2 || e.NATGateways != 0 || fmt.Sprint(e.PreviewFrom) != "[10.0.0.0/16]" {
		t.Errorf("%+v", e)
	}
}

// An environment of any name is protected and behind a firewall, unless it says
// otherwise.
func TestEnvironmentIsProtectedByDefault(t *testing.T) {
	for _, name := range []string{"dev", "prod", "dev-2"} {
		all, err := environments(neutral(t, environment("protected", nil), environment("waf", nil), called(name)))
		if err != nil {
			t.Fatal(err)
		}
		if e := all[0]; !*e.Protected || !*e.WAF {
			t.Errorf("%s is protected: %v, behind a firewall: %v", name, *e.Protected, *e.WAF)
		}
	}
}

func domain(name, zone string) change {
	return func(app *synth.App) {
		environment("domain", name)(app)
		environment("hostedZoneId", zone)(app)
	}
}

func TestDomainsThatFit(t *testing.T) {
	for _, name := range []string{"example.com", "a.b.c.example.com", "xn--frum-5qa.xn--p1ai", strings.Repeat("f", 52) + ".example.com"} {
		if _, err := environments(neutral(t, domain(name, "Z1"+strings.Repeat("A", 30)))); err != nil {
			t.Error(err)
		}
	}
}

// A service's name on the command line overrides its phase in every
// environment, whatever else the context holds.
func TestPhaseOverride(t *testing.T) {
	all, err := environments(neutral(t, contextKey("alpha", "25%"), contextKey("aws:cdk:output", "text"), contextKey("cli-telemetry", false)))
	if err != nil {
		t.Fatal(err)
	}
	if got := all[0].Migration.Services["alpha"]; got != (services.Phase{Share: 25}) {
		t.Errorf("alpha is %s, want 25%%", got)
	}
}

func TestOneEnvironmentCanBeChosen(t *testing.T) {
	app := neutral(t, contextKey("environment", "prod"))
	all := app.Context["environments"].(map[string]any)
	all["prod"] = all["dev"]
	got, err := environments(app)
	if err != nil || len(got) != 1 || got[0].Name != "prod" {
		t.Errorf("%+v %v", got, err)
	}
}

// Each mistake in cdk.json or on the command line is one line that says what,
// where and what to do.
func TestBadEnvironment(t *testing.T) {
	for name, test := range map[string]struct {
		change change
		want   string
	}{
		"no environments":                  {contextKey("environments", nil), `cdk.json: no "environments" in the context: check its spelling, and run the app through the CDK CLI in the folder of cdk.json`},
		"empty environments":               {contextKey("environments", map[string]any{}), `cdk.json: environments is empty: name at least one`},
		"unknown environment":              {contextKey("environment", "prdo"), `environment "prdo" is not in cdk.json: want one of dev`},
		"unknown service":                  {contextKey("user", "live"), `-c user=live: no service has that name: want one of ` + strings.Join(completed(t).Names(), ", ")},
		"unknown phase":                    {contextKey("alpha", "half"), `environment "dev": services: "alpha" asks for phase "half": want dark, 1%–99%, live or strangled`},
		"unknown field":                    {environment("natgateway", 1), `cdk.json: environments: unknown field "natgateway"`},
		"wrong type":                       {environment("azs", "two"), `cdk.json: environments: cannot unmarshal string into Go struct field Environment.azs of type int`},
		"no region":                        {environment("region", nil), `environment "dev": no region: add "region": "eu-west-1" or another`},
		"bad region":                       {environment("region", "Ireland"), `environment "dev": region "Ireland": want a name such as eu-west-1`},
		"bad account":                      {environment("account", "1234"), `environment "dev": account "1234": want 12 digits, as text`},
		"a domain without a zone":          {environment("domain", "fixture.example.com"), `environment "dev": domain "fixture.example.com" and hostedZoneId "": want both, or neither for plain HTTP`},
		"a zone without a domain":          {environment("hostedZoneId", "Z0123456789ABC"), `environment "dev": domain "" and hostedZoneId "Z0123456789ABC": want both, or neither for plain HTTP`},
		"an address as domain":             {domain("https://fixture.example.com", "Z0123456789ABC"), `environment "dev": domain "https://fixture.example.com": want a name such as www.example.com, in lower case, of at most 64 characters`},
		"a domain of one word":             {domain("fixture", "Z0123456789ABC"), `environment "dev": domain "fixture": want a name such as www.example.com, in lower case, of at most 64 characters`},
		"a number as domain":               {domain("203.0.113.7", "Z0123456789ABC"), `environment "dev": domain "203.0.113.7": want a name such as www.example.com, in lower case, of at most 64 characters`},
		"a domain with a dot at last":      {domain("fixture.example.com.", "Z0123456789ABC"), `environment "dev": domain "fixture.example.com.": want a name such as www.example.com, in lower case, of at most 64 characters`},
		"a long domain":                    {domain(strings.Repeat("f", 53)+".example.com", "Z0123456789ABC"), `environment "dev": domain "` + strings.Repeat("f", 53) + `.example.com": want a name such as www.example.com, in lower case, of at most 64 characters`},
		"a name as a mail address":         {environment("alarmEmail", "the team"), `environment "dev": alarmEmail "the team": want an address such as oncall@example.com`},
		"a zone's name as id":              {domain("fixture.example.com", "example.com"), `environment "dev": hostedZoneId "example.com": want an id such as Z0123456789ABCDEFGHIJ`},
		"protected in a word":              {environment("protected", "yes"), `cdk.json: environments: cannot unmarshal string into Go struct field Environment.protected of type bool`},
		"a boundary's ARN":                 {environment("permissionsBoundary", "arn:aws:iam::123456789012:policy/teams"), `environment "dev": permissionsBoundary "arn:aws:iam::123456789012:policy/teams": want the name of a managed policy, not its ARN`},
		"one zone":                         {environment("azs", 1), `environment "dev": azs 1: want 2 to 6, a load balancer needs two`},
		"more gateways than zones":         {environment("natGateways", 3), `environment "dev": natGateways 3: want 0 to 2, one for each zone at most`},
		"three preview blocks":             {environment("previewFrom", []string{"10.0.0.0/16", "192.0.2.0/24", "203.0.113.0/24"}), `environment "dev": previewFrom has 3 CIDR blocks: a listener rule has room for two`},
		"the name of the stack beside":     {called("delivery"), `environment "delivery": fixture-delivery is the stack that delivers the environments: choose another name`},
		"a host with a mask":               {environment("previewFrom", []string{"203.0.113.7/24"}), `environment "dev": previewFrom "203.0.113.7/24": want a CIDR block such as 203.0.113.0/24`},
		"legacy drained early":             {contextKeys("alpha", "25%", "legacy", "drained"), `environment "dev": services: "legacy" cannot be drained while "alpha" is 25%: make every service live or strangled first`},
		"an image from elsewhere":          {monolithImage("nginx:1.29"), `environment "dev": "legacy" runs nginx:1.29, which tasks cannot pull without a NAT gateway: push it to ECR in the environment's account and region, or set natGateways to 1`},
		"an image from another region":     {monolithImage("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"), `environment "dev": "legacy" runs 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1, which tasks cannot pull without a NAT gateway: push it to ECR in the environment's account and region, or set natGateways to 1`},
		"a collector from elsewhere":       {withImageOfCollector("public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"), `environment "dev": "alpha" runs public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0, which tasks cannot pull without a NAT gateway: push it to ECR in the environment's account and region, or set natGateways to 1`},
		"a collector that reaches nothing": {withCollector("alpha"), `environment "dev": "alpha" has a collector, which cannot reach X-Ray without a NAT gateway: set traces to true, or natGateways to 1`},
		"a duplicate path":                 {editService("gamma", func(s *services.Service) { s.Paths = []string{"/api/alpha"} }), `environment "dev": services: live rule of "alpha" (priority 25100) and live rule of "gamma" (priority 25300) both want path "/api/alpha": remove it from one`},
		"a priority used twice":            {editService("gamma", func(s *services.Service) { s.Priority = 100 }), `environment "dev": services: preview rule of "gamma" (priority 100) and preview rule of "alpha" (priority 100) have the same priority: change one`},
	} {
		app := neutral(t, test.change)
		_, err := environments(app)
		if fmt.Sprint(err) != test.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line", name)
		}
	}
}

func TestImagesThatCanBePulled(t *testing.T) {
	own := "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1"
	for name, changes := range map[string][]change{
		"the account is not known":     {monolithImage(own)},
		"the account's own repository": {monolithImage(own), environment("account", "123456789012")},
		"anything through a gateway":   {monolithImage("nginx:1.29"), environment("natGateways", 1)},
		"a collector":                  {withCollector("alpha"), environment("traces", true)},
		"a collector from elsewhere":   {withImageOfCollector("otel/collector:1"), environment("natGateways", 1)},
	} {
		app := neutral(t, changes...)
		if _, err := environments(app); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	app := neutral(t, monolithImage(own), environment("account", "210987654321"))
	if _, err := environments(app); err == nil {
		t.Error("an image of another account is taken without a NAT gateway")
	}
}
