package assembly

import (
	"fmt"
	"net/netip"
	"regexp"
	"time"

	"example.com/strangler/test/internal/alb"
)

// Listener is an AWS::ElasticLoadBalancingV2::Listener with the rules that all
// stacks of the stage attach to it.
type Listener struct {
	Resource
	// LoadBalancer is an identity.
	LoadBalancer string
	// Protocol is "HTTP" or "HTTPS", and Port the port that the listener accepts
	// connections on.
	Protocol string
	Port     int
	// Routing names target groups and rules by their identities.
	Routing alb.Listener
}

// ListenerRule is an AWS::ElasticLoadBalancingV2::ListenerRule.
type ListenerRule struct {
	Resource
	// Listener is the identity of the listener that the rule is attached to.
	Listener string
	// Rule names target groups, and itself, by their identities.
	Rule alb.Rule
	Tags map[string]string
}

func (s *Stage) readListener(r Resource) (Listener, error) {
	var properties struct {
		LoadBalancerArn string
		Protocol        string
		Port            int
		DefaultActions  any
	}
	if err := decode(r.Properties, &properties); err != nil {
		return Listener{}, err
	}
	action, stickiness, err := readAction("DefaultActions", properties.DefaultActions)
	if err == nil && stickiness > 0 {
		err = fmt.Errorf("DefaultActions: stickiness of a default action is not supported")
	}
	if err != nil {
		return Listener{}, err
	}
	listener := Listener{
		Resource:     r,
		LoadBalancer: properties.LoadBalancerArn,
		Protocol:     properties.Protocol,
		Port:         properties.Port,
		Routing:      alb.Listener{Default: action},
	}
	for _, rule := range s.ListenerRules {
		if rule.Listener == r.Identity() {
			listener.Routing.Rules = append(listener.Routing.Rules, rule.Rule)
		}
	}
	return listener, nil
}

// ReadRule reads the properties of a listener rule, as a template has them. Those of
// DescribeRules have the same form, but for the text of the priority.
func ReadRule(properties map[string]any) (alb.Rule, error) {
	rule, err := readListenerRule(Resource{Properties: properties})
	return rule.Rule, err
}

func readListenerRule(r Resource) (ListenerRule, error) {
	// Every property that changes which requests a rule matches, and where it sends
	// them, is read or refused.
	var properties struct {
		ListenerArn string
		Priority    int
		Conditions  []condition
		Actions     any
		Transforms  []transform
		Tags        []tag
	}
	if err := decodeAll(r.Properties, &properties); err != nil {
		return ListenerRule{}, err
	}
	rule := alb.Rule{ID: r.Identity(), Priority: properties.Priority}
	for i, c := range properties.Conditions {
		condition, err := c.read(fmt.Sprintf("Conditions[%d]", i))
		if err != nil {
			return ListenerRule{}, err
		}
		rule.Conditions = append(rule.Conditions, condition)
	}
	var err error
	if rule.Rewrite, err = readTransforms(properties.Transforms); err != nil {
		return ListenerRule{}, fmt.Errorf("the transforms: %w", err)
	}
	rule.Action, rule.GroupStickiness, err = readAction("Actions", properties.Actions)
	tags := map[string]string{}
	for _, t := range properties.Tags {
		tags[t.Key] = t.Value
	}
	return ListenerRule{Resource: r, Listener: properties.ListenerArn, Rule: rule, Tags: tags}, err
}

type tag struct{ Key, Value string }

type transform struct {
	Type             string
	URLRewriteConfig struct {
		Rewrites []struct{ Regex, Replace string }
	}
}

// readTransforms reads the one transform that a rule may have here.
func readTransforms(transforms []transform) (*alb.URLRewrite, error) {
	if len(transforms) == 0 {
		return nil, nil
	}
	rewrites := transforms[0].URLRewriteConfig.Rewrites
	if len(transforms) > 1 || transforms[0].Type != "url-rewrite" || len(rewrites) != 1 {
		return nil, fmt.Errorf("%d transforms, %d URLs: only one url-rewrite is supported", len(transforms), len(rewrites))
	}
	regex, err := regexp.Compile(rewrites[0].Regex)
	return &alb.URLRewrite{Regex: regex, Replace: rewrites[0].Replace}, err
}

type condition struct {
	Field                   string
	Values                  []string
	PathPatternConfig       struct{ Values []string }
	HostHeaderConfig        struct{ Values []string }
	HTTPRequestMethodConfig struct{ Values []string }
	HTTPHeaderConfig        struct {
		HTTPHeaderName string
		Values         []string
	}
	QueryStringConfig struct{ Values []alb.QueryPair }
	SourceIPConfig    struct{ Values []netip.Prefix }
}

func (c condition) read(path string) (alb.Condition, error) {
	switch c.Field {
	case "path-pattern":
		return alb.PathPattern(append(c.Values, c.PathPatternConfig.Values...)), nil
	case "host-header":
		return alb.HostHeader(append(c.Values, c.HostHeaderConfig.Values...)), nil
	case "http-request-method":
		return alb.HTTPRequestMethod(c.HTTPRequestMethodConfig.Values), nil
	case "http-header":
		return alb.HTTPHeader{Name: c.HTTPHeaderConfig.HTTPHeaderName, Values: c.HTTPHeaderConfig.Values}, nil
	case "query-string":
		return alb.QueryString(c.QueryStringConfig.Values), nil
	case "source-ip":
		return alb.SourceIP(c.SourceIPConfig.Values), nil
	}
	return nil, fmt.Errorf("%s: condition %q is not supported", path, c.Field)
}

type action struct {
	Type           string
	Order          int
	TargetGroupArn string
	ForwardConfig  struct {
		TargetGroups []struct {
			TargetGroupArn string
			Weight         *int
		}
		TargetGroupStickinessConfig struct {
			Enabled         bool
			DurationSeconds int
		}
	}
	FixedResponseConfig struct {
		StatusCode               int `json:",string"`
		ContentType, MessageBody string
	}
	RedirectConfig struct {
		Protocol, Host, Port, Path, Query string
		StatusCode                        string
	}
}

// readAction reads the one action of a rule or listener, and how long a client keeps the
// target group that it chooses.
func readAction(path string, properties any) (alb.Action, time.Duration, error) {
	var actions []action
	if err := decodeAll(properties, &actions); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	if len(actions) != 1 {
		return nil, 0, fmt.Errorf("%s: %d actions: only one is supported", path, len(actions))
	}
	switch a := actions[0]; a.Type {
	case "forward":
		stickiness, err := a.stickiness()
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", path, err)
		}
		return a.forward(), stickiness, nil
	case "fixed-response":
		return alb.FixedResponse(a.FixedResponseConfig), 0, nil
	case "redirect":
		status, ok := map[string]int{"HTTP_301": 301, "HTTP_302": 302}[a.RedirectConfig.StatusCode]
		if !ok {
			return nil, 0, fmt.Errorf("%s: redirect with %q: want HTTP_301 or HTTP_302", path, a.RedirectConfig.StatusCode)
		}
		return alb.Redirect{
			Protocol:   a.RedirectConfig.Protocol,
			Host:       a.RedirectConfig.Host,
			Port:       a.RedirectConfig.Port,
			Path:       a.RedirectConfig.Path,
			Query:      a.RedirectConfig.Query,
			StatusCode: status,
		}, 0, nil
	default:
		return nil, 0, fmt.Errorf("%s: action %q is not supported", path, a.Type)
	}
}

func (a action) stickiness() (time.Duration, error) {
	config := a.ForwardConfig.TargetGroupStickinessConfig
	duration := seconds(config.DurationSeconds)
	if config.Enabled && (duration < time.Second || duration > alb.MaxStickiness) {
		return 0, fmt.Errorf("TargetGroupStickinessConfig of %d seconds: want 1 to 604800", config.DurationSeconds)
	}
	if !config.Enabled {
		return 0, nil
	}
	return duration, nil
}

func (a action) forward() alb.Forward {
	if len(a.ForwardConfig.TargetGroups) == 0 {
		return alb.ForwardTo(a.TargetGroupArn)
	}
	var forward alb.Forward
	for _, group := range a.ForwardConfig.TargetGroups {
		weight := alb.DefaultWeight
		if group.Weight != nil {
			weight = *group.Weight
		}
		forward = append(forward, alb.WeightedTargetGroup{TargetGroup: group.TargetGroupArn, Weight: weight})
	}
	return forward
}
