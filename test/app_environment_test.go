package test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/synth"
)

// environments are those of an app, read and checked, without a synthesis.
func environments(app *synth.App) ([]stacks.Environment, error) {
	read, err := stacks.Read(app.Context, app.Catalog)
	if err != nil {
		return nil, err
	}
	return read.Environments, nil
}

func TestEnvironmentDefaults(t *testing.T) {
	all, err := environments(neutral(t, environment("azs", nil), environment("natGateways", nil), environment("previewFrom", nil)))
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, "dev", all[0].Name)
	assert.Equal(t, 2, all[0].AZs)
	assert.Zero(t, all[0].NATGateways)
	assert.Equal(t, []string{stacks.VPCRange}, all[0].PreviewFrom)
}

// An environment of any name is protected and behind a firewall, unless it says
// otherwise.
func TestEnvironmentIsProtectedByDefault(t *testing.T) {
	for _, name := range []string{"dev", "prod", "dev-2"} {
		all, err := environments(neutral(t, environment("protected", nil), environment("waf", nil), called(name)))
		require.NoError(t, err)
		require.Len(t, all, 1)
		assert.True(t, *all[0].Protected, "%s is protected", name)
		assert.True(t, *all[0].WAF, "%s is behind a firewall", name)
	}
}

func domain(name, zone string) change {
	return func(app *synth.App) {
		environment("domains", []string{name})(app)
		environment("hostedZoneId", zone)(app)
	}
}

func TestDomainsThatFit(t *testing.T) {
	for _, name := range []string{"example.com", "a.b.c.example.com", "xn--frum-5qa.xn--p1ai", strings.Repeat("f", 52) + ".example.com"} {
		_, err := environments(neutral(t, domain(name, "Z1"+strings.Repeat("A", 30))))
		require.NoError(t, err, name)
	}
}

// Domains after the first may have a wildcard, on which hosts of routes are. Without domains
// there is no certificate for a host to be on.
func TestHostsOnDomains(t *testing.T) {
	hosts := routesOf("alpha", services.Route{Paths: []string{"/a"}, Hosts: []string{"shop.example.com"}})
	_, err := environments(neutral(t, hosts, withDomains("Z0123456789ABC", "", "example.com", "*.example.com")))
	require.NoError(t, err)
	_, err = environments(neutral(t, hosts))
	require.NoError(t, err)
	_, err = environments(neutral(t, existingListener(nil), hosts))
	require.NoError(t, err)
}

// A service's name on the command line overrides its phase in every
// environment, whatever else the context holds.
func TestPhaseOverride(t *testing.T) {
	all, err := environments(neutral(t, contextKey("alpha", "25%"), contextKey("aws:cdk:output", "text"), contextKey("cli-telemetry", false)))
	require.NoError(t, err)
	assert.Equal(t, services.Phase{Share: 25}, all[0].Migration.Services["alpha"])
}

// An environment may have every zone of its region, and no more.
func TestZonesOfARegion(t *testing.T) {
	for region, zones := range map[string]int{"eu-west-1": 3, "us-west-2": 4, "us-east-1": 6, "us-west-1": 2, "ap-northeast-1": 3} {
		for n := 2; n <= 7; n++ {
			_, err := environments(neutral(t, environment("region", region), environment("azs", n), environment("natGateways", 1)))
			assert.Equal(t, n <= zones, err == nil, "%d zones in %s: %v", n, region, err)
		}
	}
}

func TestOneEnvironmentCanBeChosen(t *testing.T) {
	app := neutral(t, contextKey("environment", "prod"))
	all := app.Context["environments"].(map[string]any)
	all["prod"] = all["dev"]
	got, err := environments(app)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, "prod", got[0].Name)
}

// Each mistake in cdk.json or on the command line is one line that says what,
// where and what to do.
func TestBadEnvironment(t *testing.T) {
	for name, test := range badEnvironments(t) {
		_, err := environments(neutral(t, test.change))
		require.EqualError(t, err, test.want, name)
		assert.NotContains(t, test.want, "\n", "%s: more than one line", name)
	}
}

// mistake is a change that is refused, and the error.
type mistake struct {
	change change
	want   string
}

func badEnvironments(t *testing.T) map[string]mistake {
	const dev = `environment "dev": `
	const pull = "which tasks cannot pull without a NAT gateway: " +
		"push it to ECR in the environment's account and region, or set natGateways to 1"
	const aDomain = "want a name such as www.example.com, in lower case, of at most 64 characters"
	const zone, otherRegion = "Z0123456789ABC", "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"
	const publicCollector = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"
	long := strings.Repeat("f", 53) + ".example.com"
	return map[string]mistake{
		"no environments": {
			contextKey("environments", nil),
			`cdk.json: no "environments" in the context: check its spelling, and run the app through the CDK CLI in the folder of cdk.json`,
		},
		"empty environments":  {contextKey("environments", map[string]any{}), `cdk.json: environments is empty: name at least one`},
		"unknown environment": {contextKey("environment", "prdo"), `environment "prdo" is not in cdk.json: want one of dev`},
		"unknown service": {
			contextKey("user", "live"),
			`-c user=live: no service has that name: want one of ` + strings.Join(completed(t).Keys(), ", "),
		},
		"unknown route": {
			func(app *synth.App) {
				alphaReads("dark", "dark")(app)
				app.Context["alpha.writes"] = "live"
			},
			`-c alpha.writes=live: no service has that name: want one of alpha, alpha.reads, beta, gamma, legacy`,
		},
		"a route without a phase": {
			routesOf("alpha", services.Route{Name: "reads", Paths: []string{"/a"}}, services.Route{Paths: []string{"/b"}}),
			dev + `services: "alpha.reads" has no phase: add "alpha.reads": "dark" to the migration`,
		},
		"unknown phase": {
			contextKey("alpha", "half"),
			dev + `services: "alpha" asks for phase "half": want dark, 1%–99%, live or strangled`,
		},
		"unknown field": {
			environment("natgateway", 1),
			dev + `unknown field "natgateway": want one of account, alarmEmail, azs, budgets, certificate, domains, endpoints, freeText, ` +
				`hostedZoneId, idleTimeout, listener, migration, natGateways, permissionsBoundary, previewFrom, protected, region, ` +
				`securityGroups, traces, vpc, waf`,
		},
		"wrong type":             {environment("azs", "two"), dev + `azs: want a whole number, without quotes, and not text`},
		"an account as a number": {environment("account", 123456789012), dev + `account: want text, in quotes, and not a number`},
		"a number to choose":     {contextKey("environment", 5), `cdk.json: environment: want text, in quotes, and not a number`},
		"a list of environments": {
			contextKey("environments", []any{"dev"}), `cdk.json: environments: want an object, in braces, and not a list`,
		},
		"no region":   {environment("region", nil), dev + `no region: add "region": "eu-west-1" or another`},
		"bad region":  {environment("region", "Ireland"), dev + `region "Ireland": want a name such as eu-west-1`},
		"bad account": {environment("account", "1234"), dev + `account "1234": want 12 digits, as text`},
		"a domain without a zone": {
			environment("domains", []string{"fixture.example.com"}),
			dev + `domains ["fixture.example.com"] without hostedZoneId and certificate: want the zone that holds them, or the ARN of a ` +
				`certificate for them`,
		},
		"a zone without a domain": {
			environment("hostedZoneId", zone),
			dev + `hostedZoneId and certificate are for domains: name at least one, or remove them for plain HTTP`,
		},
		"an address as domain": {
			domain("https://fixture.example.com", zone),
			dev + `domain "https://fixture.example.com": ` + aDomain,
		},
		"a domain twice": {
			func(app *synth.App) {
				environment("domains", []string{"a.example.com", "b.example.com", "a.example.com"})(app)
				environment("hostedZoneId", zone)(app)
			},
			dev + `domain "a.example.com" is there twice: remove one`,
		},
		"a wildcard first": {
			domain("*.example.com", zone),
			dev + `domain "*.example.com": want a name without a wildcard as the first one, such as www.example.com: it is the address that ` +
				`is printed`,
		},
		"a host without a domain": {
			func(app *synth.App) {
				domain("www.example.com", zone)(app)
				routesOf("alpha", services.Route{Paths: []string{"/a"}, Hosts: []string{"www.example.com", "shop.example.com"}})(app)
			},
			dev + `services: "alpha" has a route for the host shop.example.com, which none of the domains covers (www.example.com), ` +
				`so that its clients get a certificate error: add it to domains, or change it in the catalog`,
		},
		"a certificate of another region": {
			func(app *synth.App) {
				environment("domains", []string{"a.example.com"})(app)
				environment("certificate", "arn:aws:acm:us-east-1:123456789012:certificate/1")(app)
			},
			dev + `certificate "arn:aws:acm:us-east-1:123456789012:certificate/1": want the ARN of a certificate in eu-west-1`,
		},
		"too long an idle time-out": {environment("idleTimeout", 4001), dev + `idleTimeout 4001: want 1 to 4000 seconds`},
		"no idle time-out":          {environment("idleTimeout", -1), dev + `idleTimeout -1: want 1 to 4000 seconds`},
		"too short an idle time-out": {
			func(app *synth.App) {
				environment("idleTimeout", 30)(app)
				editService("alpha", func(s *services.Service) { s.Image = services.Image{Program: "services/forum/cmd/users"} })(app)
			},
			dev + `idleTimeout 30: "alpha" may take 30 s for an answer: want 31 or more`,
		},
		"a domain of one word":        {domain("fixture", zone), dev + `domain "fixture": ` + aDomain},
		"a number as domain":          {domain("203.0.113.7", zone), dev + `domain "203.0.113.7": ` + aDomain},
		"a domain with a dot at last": {domain("fixture.example.com.", zone), dev + `domain "fixture.example.com.": ` + aDomain},
		"a long domain":               {domain(long, zone), dev + `domain "` + long + `": ` + aDomain},
		"a name as a mail address": {
			environment("alarmEmail", "the team"),
			dev + `alarmEmail "the team": want an address such as oncall@example.com`,
		},
		"a zone's name as id": {
			domain("fixture.example.com", "example.com"),
			dev + `hostedZoneId "example.com": want an id such as Z0123456789ABCDEFGHIJ`,
		},
		"protected in a word": {
			environment("protected", "yes"),
			dev + `protected: want true or false, without quotes, and not text`,
		},
		"a boundary's ARN": {
			environment("permissionsBoundary", "arn:aws:iam::123456789012:policy/teams"),
			dev + `permissionsBoundary "arn:aws:iam::123456789012:policy/teams": want the name of a managed policy, not its ARN`,
		},
		"one zone":                 {environment("azs", 1), dev + `azs 1: want 2, for a load balancer, to 3, all that Fargate has in eu-west-1`},
		"four zones of three":      {environment("azs", 4), dev + `azs 4: want 2, for a load balancer, to 3, all that Fargate has in eu-west-1`},
		"more gateways than zones": {environment("natGateways", 3), dev + `natGateways 3: want 0 to 2, one for each zone at most`},
		"three preview blocks": {
			environment("previewFrom", []string{"10.0.0.0/16", "192.0.2.0/24", "203.0.113.0/24"}),
			dev + `previewFrom has 3 CIDR blocks: a listener rule has room for two`,
		},
		"the name of the stack beside": {
			called("delivery"),
			`environment "delivery": fixture-delivery is the stack that delivers the environments: choose another name`,
		},
		"a host with a mask": {
			environment("previewFrom", []string{"203.0.113.7/24"}),
			dev + `previewFrom "203.0.113.7/24": want a CIDR block such as 203.0.113.0/24`,
		},
		"legacy drained early": {
			contextKeys("alpha", "25%", "legacy", "drained"),
			dev + `services: "legacy" cannot be drained while "alpha" is 25%: make every service live or strangled first`,
		},
		"an image from elsewhere":      {monolithImage("nginx:1.29"), dev + `"legacy" runs nginx:1.29, ` + pull},
		"an image from another region": {monolithImage(otherRegion), dev + `"legacy" runs ` + otherRegion + `, ` + pull},
		"a collector from elsewhere":   {withImageOfCollector(publicCollector), dev + `"alpha" runs ` + publicCollector + `, ` + pull},
		"a collector that reaches nothing": {
			environment("traces", nil),
			dev + `"gamma" has a collector, which cannot reach X-Ray without a NAT gateway: set traces to true, or natGateways to 1`,
		},
		"a queue of another region": {
			editService("omega", func(s *services.Service) {
				s.Scaling.Queue, s.Scaling.MessagesPerTask = "arn:aws:sqs:eu-north-1:123456789012:jobs", 50
			}),
			dev + `"omega" scales on a queue in eu-north-1: want one in eu-west-1, where its length is measured`,
		},
		"a duplicate path": {
			editService("gamma", func(s *services.Service) { s.Paths = []string{"/api/alpha"} }),
			dev + `services: live rule of "gamma" (priority 25050) and live rule of "alpha" (priority 25100) ` +
				`both want "/api/alpha": remove it from one`,
		},
		"a priority used twice": {
			editService("gamma", func(s *services.Service) { s.Priority = 100 }),
			dev + `services: preview rule of "alpha" (priority 100) and preview rule of "gamma" (priority 100) have the same priority: change one`,
		},
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
		_, err := environments(neutral(t, changes...))
		require.NoError(t, err, name)
	}
	_, err := environments(neutral(t, environment("account", "210987654321")))
	assert.ErrorContains(t, err, "cannot pull", "an image of another account, without a NAT gateway")
}
