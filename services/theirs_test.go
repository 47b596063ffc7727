package services

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	monolithGroup = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/3"
	otherGroup    = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/search/4"
)

// ParseTheirs merges values that stand on a condition and in its Config, and target groups
// that stand on an action and in its ForwardConfig.
func TestParseTheirs(t *testing.T) {
	rules, err := ParseTheirs([]byte("\ufeff" + `{"Rules": [
		{"RuleArn": "a", "Priority": "10", "IsDefault": false, "Conditions": [
			{"Field": "path-pattern", "Values": ["/search"], "PathPatternConfig": {"Values": ["/search", "/find"]}},
			{"Field": "host-header", "HostHeaderConfig": {"Values": ["www.example.com"]}},
			{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}
		], "Actions": [{"Type": "forward", "TargetGroupArn": "g1", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "g1", "Weight": 1}]}}]},
		{"RuleArn": "b", "Priority": "20", "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/x"]}}],
		 "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "g2"}, {"TargetGroupArn": "g1"}]}}]},
		{"RuleArn": "c", "Priority": "30", "Conditions": [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": "beta"}]}}],
		 "Actions": [{"Type": "redirect"}]},
		{"RuleArn": "d", "Priority": "default", "IsDefault": true, "Conditions": [], "Actions": [{"Type": "forward", "TargetGroupArn": "g1"}]}
	]}`))
	require.NoError(t, err)
	assert.Equal(t, []TheirRule{
		{
			ARN: "a", Priority: 10, Paths: []string{"/find", "/search"}, Hosts: []string{"www.example.com"}, Verbs: []string{"GET"},
			Groups: []string{"g1"},
		},
		{ARN: "b", Priority: 20, Regex: true, Groups: []string{"g1", "g2"}},
		{ARN: "c", Priority: 30, Narrow: true},
		{ARN: "d", Default: true, Groups: []string{"g1"}},
	}, rules)
}

// The list of the rules alone, as "--query Rules" prints it, is read as well.
func TestParseTheirsAsAList(t *testing.T) {
	rules, err := ParseTheirs([]byte("\ufeff\n" +
		`[{"RuleArn": "a", "Priority": "10"}, {"RuleArn": "b", "Priority": "default", "IsDefault": true}]`))
	require.NoError(t, err)
	assert.Equal(t, []TheirRule{{ARN: "a", Priority: 10}, {ARN: "b", Default: true}}, rules)
}

func TestBadTheirs(t *testing.T) {
	const more = `there are more rules than it has: write all of them with go run ./test/import rules`
	const output = `want the output of aws elbv2 describe-rules, as JSON: `
	const none = `it has no rules: want the output of aws elbv2 describe-rules, as JSON`
	for text, want := range map[string]string{
		``:   output + `unexpected end of JSON input`,
		`{}`: none,
		`[]`: none,
		`{"Rules": [{"IsDefault": true}], "NextMarker": "x"}`: more,
		`{"Rules": [{"IsDefault": true}], "NextToken": "x"}`:  more,
		`{"Rules": [{"Priority": "1"}]}`:                      more,
		` [{"Priority": "1"}]`:                                more,
		`{"Rules": [{"RuleArn": "a", "Priority": ""}]}`:       `rule a: priority "": want a number`,
		`{"Rules": [{"RuleArn": "a", "Priority": 1}]}`:        output + `Rules.Priority is a JSON number`,
		`[{"RuleArn": "a", "Conditions": "x"}]`:               output + `Conditions is a JSON string`,
		`"rules"`:                                             output + `the whole is a JSON string`,
		`[3]`:                                                 output + `the whole is a JSON number`,
	} {
		_, err := ParseTheirs([]byte(text))
		assert.EqualError(t, err, want, text)
	}
}

// theirs is a rule for paths that leads to a target group.
func theirs(priority int, group string, paths ...string) TheirRule {
	return TheirRule{ARN: fmt.Sprint(priority), Priority: priority, Paths: paths, Groups: []string{group}}
}

// Rules of others that are in the way are refused, and those that are not are left alone.
// Of ours, the preview rules have the priorities 100 to 300, the live ones 25100 to 25300.
func TestLintTheirs(t *testing.T) {
	monolith := TheirRule{Default: true, Groups: []string{monolithGroup}}
	notFound := TheirRule{Default: true}
	host := func(rule TheirRule, hosts ...string) TheirRule { rule.Hosts = hosts; return rule }
	verb := func(rule TheirRule, verbs ...string) TheirRule { rule.Verbs = verbs; return rule }
	narrow := func(rule TheirRule) TheirRule { rule.Narrow = true; return rule }
	regex := func(rule TheirRule) TheirRule { rule.Regex = true; return rule }
	const first = `: lower listener.priorities.live from 25000 to 4899 at most`
	const elsewhere = `, which does not lead to the monolith alone: `
	const behind = elsewhere + `raise listener.priorities.live from 25000 to 29901 at least, or change the path`
	const live = `live rule of "alpha" (priority 25100)`
	for name, test := range map[string]struct {
		theirs []TheirRule
		want   string
	}{
		"the monolith by default":          {[]TheirRule{monolith}, ""},
		"a catch-all of the monolith":      {[]TheirRule{notFound, theirs(49999, monolithGroup, "/*")}, ""},
		"a catch-all of one host":          {[]TheirRule{notFound, host(theirs(49999, monolithGroup), "www.example.com")}, ""},
		"another path":                     {[]TheirRule{monolith, theirs(10, otherGroup, "/search/*")}, ""},
		"another path, later":              {[]TheirRule{monolith, theirs(49999, otherGroup, "/search/*")}, ""},
		"a path of the monolith, later":    {[]TheirRule{monolith, theirs(49999, monolithGroup, "/api/alpha/*")}, ""},
		"a narrower path of theirs":        {[]TheirRule{monolith, theirs(10, otherGroup, "/api/alpha/export")}, ""},
		"a narrower path of the monolith":  {[]TheirRule{monolith, theirs(10, monolithGroup, "/api/alpha/export")}, ""},
		"some requests, by a header":       {[]TheirRule{monolith, narrow(theirs(10, otherGroup, "/*"))}, ""},
		"some requests, by an expression":  {[]TheirRule{monolith, regex(theirs(10, otherGroup))}, ""},
		"all requests of a host of theirs": {[]TheirRule{monolith, host(theirs(10, otherGroup), "admin.example.com")}, ""},
		"all requests of a verb of theirs": {[]TheirRule{monolith, verb(theirs(10, otherGroup), "OPTIONS")}, ""},
		"a default behind the monolith": {
			[]TheirRule{{Default: true, Groups: []string{otherGroup}}, theirs(49999, monolithGroup, "/api/*")}, "",
		},

		"the priority of a preview rule": {
			[]TheirRule{monolith, theirs(200, otherGroup, "/search")},
			`preview rule of "beta" (priority 200) has the priority of rule 200 of the listener (/search): change listener.priorities.preview, ` +
				`which is 0, or give "beta" another priority`,
		},
		"the priority of a live rule": {
			[]TheirRule{monolith, theirs(25300, monolithGroup)},
			`live rule of "gamma" (priority 25300) has the priority of rule 25300 of the listener: change listener.priorities.live, ` +
				`which is 25000, or give "gamma" another priority`,
		},
		"a rule before all of ours": {
			[]TheirRule{monolith, theirs(50, otherGroup, "/api/*")},
			`rule 50 of the listener (/api/*) takes requests for "/api/alpha" of preview rule of "alpha" (priority 100): ` +
				`move that rule behind ours, or give "alpha" a lower priority`,
		},
		"a rule before the live ones": {
			[]TheirRule{monolith, theirs(5000, otherGroup, "/api/alpha", "/api/alpha/*")},
			`rule 5000 of the listener (/api/alpha, /api/alpha/*) takes requests for "/api/alpha" of ` + live + first,
		},
		"the monolith's host first": {
			[]TheirRule{notFound, host(theirs(5000, monolithGroup), "www.example.com")},
			`rule 5000 of the listener (www.example.com) takes requests for "/api/alpha" of ` + live + first,
		},
		"a path of theirs behind": {
			[]TheirRule{monolith, theirs(30000, otherGroup, "/api/alpha/export")},
			live + ` takes requests for "/api/alpha/*" from rule 30000 of the listener (/api/alpha/export)` + behind,
		},
		"a host of theirs behind": {
			[]TheirRule{monolith, host(theirs(30000, otherGroup), "admin.example.com")},
			live + ` takes requests for "/api/alpha" from rule 30000 of the listener (admin.example.com)` + behind,
		},
		"an expression of theirs behind": {
			[]TheirRule{monolith, regex(theirs(30000, otherGroup, "/search"))},
			live + ` takes requests for "/api/alpha" from rule 30000 of the listener (/search)` + behind,
		},
		"a share of theirs behind": {
			[]TheirRule{notFound, {Priority: 30000, Groups: []string{monolithGroup, otherGroup}}},
			live + ` takes requests for "/api/alpha" from rule 30000 of the listener` + behind,
		},
		"another default": {
			[]TheirRule{{Default: true, Groups: []string{otherGroup}}},
			live + ` takes requests for "/api/alpha" from the listener's default action` + elsewhere +
				`check listener.monolith, or change the path`,
		},
	} {
		err := Listener{Monolith: monolithGroup, Theirs: test.theirs}.Lint(completed(t))
		if test.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.EqualError(t, err, "services: "+test.want, name)
		}
	}
	// What a route does not want, a rule of others may have.
	narrowed := completed(t)
	narrowed.Services[0].Routes = []Route{{Paths: []string{"/api/alpha"}, Hosts: []string{"*.example.com"}, Verbs: []string{"GET", "HEAD"}}}
	for name, test := range map[string]struct {
		theirs TheirRule
		want   string
	}{
		"another host first":  {host(theirs(5000, monolithGroup, "/api/alpha"), "example.net"), ""},
		"another host behind": {host(theirs(30000, otherGroup, "/api/alpha"), "example.net"), ""},
		"another verb first":  {verb(theirs(5000, monolithGroup, "/api/alpha"), "POST"), ""},
		"another verb behind": {verb(theirs(30000, otherGroup, "/api/alpha"), "POST"), ""},
		"a host of ours": {
			host(theirs(5000, monolithGroup, "/api/alpha"), "WWW.example.com"),
			`rule 5000 of the listener (WWW.example.com, /api/alpha) takes requests for "GET *.example.com/api/alpha" of ` + live + first,
		},
		"all hosts of ours": {
			verb(host(theirs(5000, otherGroup, "/api/*"), "*.com"), "HEAD", "OPTIONS"),
			`rule 5000 of the listener (HEAD, OPTIONS, *.com, /api/*) takes requests for "HEAD *.example.com/api/alpha" of ` + live + first,
		},
		"a verb of ours behind": {
			verb(theirs(30000, otherGroup, "/api/alpha"), "HEAD"),
			live + ` takes requests for "HEAD *.example.com/api/alpha" from rule 30000 of the listener (HEAD, /api/alpha)` + behind,
		},
	} {
		err := Listener{Monolith: monolithGroup, Theirs: []TheirRule{monolith, test.theirs}}.Lint(narrowed)
		if test.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.EqualError(t, err, "services: "+test.want, name)
		}
	}
	// Before a listener with other priorities, what was in the way is not.
	moved := Listener{Monolith: monolithGroup, Preview: 4000, Live: 4400, Theirs: []TheirRule{monolith, theirs(5000, monolithGroup, "/api/*")}}
	assert.NoError(t, moved.Lint(completed(t)))
	// A monolith of the catalog takes what came to the default action.
	assert.NoError(t, Listener{Theirs: []TheirRule{{Default: true, Groups: []string{otherGroup}}}}.Lint(completed(t)))
}

// An error says which number to change, in which direction and how far: one step less is not
// enough, and where cdk.json has no number to change, it says what else to do.
func TestPrioritiesBesideTheirs(t *testing.T) {
	own, external := Listener{Preview: 1000, Live: 25000}, Listener{Preview: 1000, Live: 25000, Monolith: monolithGroup}
	preview, live := Rule{Service: "alpha", Kind: PreviewRule, Priority: 1100}, Rule{Service: "alpha", Kind: LiveRule, Priority: 25100}
	for want, got := range map[string]string{
		`lower listener.priorities.preview from 1000 to 399 at most`: external.before(preview, TheirRule{Priority: 500}),
		`lower listener.priorities.preview from 1000 to 0 at most`:   external.before(preview, TheirRule{Priority: 101}),
		`lower listener.priorities.live from 25000 to 1 at most`:     external.before(live, TheirRule{Priority: 102}),
		`move that rule behind ours`:                                 external.before(live, TheirRule{Priority: 101}),
		`move that rule behind ours, or give "alpha" a lower priority`: Listener{Monolith: monolithGroup}.before(
			Rule{Service: "alpha", Kind: PreviewRule, Priority: 100}, TheirRule{Priority: 100}),
		`raise listener.priorities.live from 25000 to 49900 at least`:      external.behind(live, TheirRule{Priority: 49999}),
		`move that rule before ours, or give "alpha" a higher priority`:    external.behind(live, TheirRule{Priority: 50000}),
		`check listener.monolith`:                                          external.behind(live, TheirRule{Default: true}),
		`change listener.priorities.live, which is 25000, or ` + another:   external.aside(live),
		`change listener.priorities.preview, which is 1000, or ` + another: external.aside(preview),
		another: own.aside(live),
	} {
		assert.Equal(t, want, got)
	}
	assert.Equal(t, `move that rule behind ours`, own.before(live, TheirRule{Priority: 5000}), "only beside an external monolith")
	assert.Equal(t, `move that rule before ours, or give "alpha" a higher priority`, own.behind(live, TheirRule{Priority: 30000}))

	// What the error says is enough.
	monolith := TheirRule{Default: true, Groups: []string{monolithGroup}}
	lowered := Listener{Monolith: monolithGroup, Live: 4899, Theirs: []TheirRule{monolith, theirs(5000, monolithGroup, "/api/alpha/*")}}
	assert.NoError(t, lowered.Lint(completed(t)))
	raised := Listener{Monolith: monolithGroup, Live: 26001, Theirs: []TheirRule{monolith, theirs(26100, otherGroup, "/api/alpha/export")}}
	assert.NoError(t, raised.Lint(completed(t)))
}

// another is what a person can do beside a rule with the same priority.
const another = `give "alpha" another priority`

// The quotas of the load balancer are for the rules and target groups of all.
func TestLintTheirQuotas(t *testing.T) {
	many := []TheirRule{{Default: true, Groups: []string{monolithGroup}}}
	for i := range 94 {
		many = append(many, theirs(30000+i, monolithGroup, fmt.Sprintf("/search/%d", i)))
	}
	assert.NoError(t, Listener{Monolith: monolithGroup, Theirs: many}.Lint(completed(t)), "94 of theirs and 6 of ours")
	many = append(many, theirs(49999, monolithGroup, "/more"))
	assert.EqualError(t, Listener{Monolith: monolithGroup, Theirs: many}.Lint(completed(t)),
		"services: 101 listener rules, 6 of them ours: a load balancer takes 100: "+
			"move gamma to a second app with a load balancer and a host name of its own: .github/decisions/0011-second-load-balancer.md says how")

	shared := []TheirRule{{Default: true, Groups: []string{monolithGroup}}, theirs(30000, "", "/search")}
	shared[1].Groups = nil
	for i := range 96 {
		shared[1].Groups = append(shared[1].Groups, fmt.Sprint(i))
	}
	assert.NoError(t, Listener{Monolith: monolithGroup, Theirs: shared}.Lint(completed(t)), "96, the monolith's and 3 of ours")
	shared[1].Groups = append(shared[1].Groups, "96")
	assert.EqualError(t, Listener{Monolith: monolithGroup, Theirs: shared}.Lint(completed(t)),
		"services: 101 target groups: a load balancer takes 100: "+
			"move gamma to a second app with a load balancer and a host name of its own: .github/decisions/0011-second-load-balancer.md says how")
}

// Rules that the stage has made itself are not others'.
func TestOfOthers(t *testing.T) {
	c := completed(t)
	own := "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/" + TargetGroupName("shop-dev", c.Services[0]) + "/5"
	all := []TheirRule{
		theirs(100, own, "/api/alpha"), {Priority: 25100, Groups: []string{monolithGroup, own}}, theirs(9, otherGroup, "/search"),
		theirs(10, strings.Replace(own, "/5", "-2/5", 1), "/x"),
	}
	assert.Equal(t, all[2:], OfOthers(all, "shop-dev", c))
	assert.Equal(t, all, OfOthers(all, "shop-prod", c))
}
