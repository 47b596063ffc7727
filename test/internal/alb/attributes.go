package alb

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Attributes are those attributes of a load balancer that decide what becomes of a
// request. The zero value has the defaults of AWS.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes
type Attributes struct {
	// DropInvalidHeaderFields removes the header fields whose name has anything but
	// letters, digits and hyphens. False sends them to the target.
	DropInvalidHeaderFields bool
	// DesyncMitigationMode is how the load balancer treats requests that programs may
	// read in different ways. Empty means Defensive.
	DesyncMitigationMode DesyncMitigationMode
}

const (
	dropInvalidHeaderFields = "routing.http.drop_invalid_header_fields.enabled"
	desyncMitigationMode    = "routing.http.desync_mitigation_mode"
)

// ParseAttributes reads the attributes that a template sets on a load balancer. It
// ignores those that change no request or response, and fails on any other that it does
// not obey.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
func ParseAttributes(set map[string]string) (Attributes, error) {
	err := refuseOthers("load balancer", set, map[string][]string{
		dropInvalidHeaderFields: {"true", "false"},
		desyncMitigationMode:    {string(Monitor), string(Defensive), string(Strictest)},
		"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": {"false"},
		"routing.http.xff_client_port.enabled":                     {"false"},
		"routing.http.xff_header_processing.mode":                  {"append"},
		"load_balancing.cross_zone.enabled":                        {"true"},
	}, []string{
		"access_logs.", "connection_logs.", "health_check_logs.", "deletion_protection.", "ipv6.", "zonal_shift.",
		// The target group has the idle timeout. A client's connection ends between two
		// requests, and the client's own port is in its Host header.
		"idle_timeout.", "client_keep_alive.", "routing.http.preserve_host_header.",
		// The listener here speaks HTTP/1.1, and has no firewall.
		"routing.http2.", "waf.",
	})
	return Attributes{
		DropInvalidHeaderFields: set[dropInvalidHeaderFields] == "true",
		DesyncMitigationMode:    DesyncMitigationMode(set[desyncMitigationMode]),
	}, err
}

// CheckTargetGroupAttributes fails on an attribute of a target group that a
// [TargetGroup] does not obey, such as slow start.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
func CheckTargetGroupAttributes(set map[string]string) error {
	known := map[string][]string{
		"load_balancing.algorithm.type":                                                  {"round_robin", "least_outstanding_requests"},
		"load_balancing.algorithm.anomaly_mitigation":                                    {"off"},
		"load_balancing.cross_zone.enabled":                                              {"true", "use_load_balancer_configuration"},
		"slow_start.duration_seconds":                                                    {"0"},
		stickinessEnabled:                                                                {"true", "false"},
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 {"1", "off"},
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            {"off"},
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      {"1"},
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": {"off"},
	}
	// Stickiness reads the type and the duration, which mean nothing without it.
	err := refuseOthers("target group", set, known, []string{"deregistration_delay.", stickinessType, "stickiness.lb_cookie.",
		"stickiness.app_cookie."})
	_, wrong := Stickiness(set)
	return errors.Join(err, wrong)
}

const (
	stickinessEnabled  = "stickiness.enabled"
	stickinessType     = "stickiness.type"
	stickinessDuration = "stickiness.lb_cookie.duration_seconds"
	// defaultStickiness is that of a group that enables stickiness without a duration, in
	// seconds.
	defaultStickiness = "86400"
)

// Stickiness reads how long clients keep their targets. Zero means not at all.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
func Stickiness(set map[string]string) (time.Duration, error) {
	if set[stickinessEnabled] != "true" {
		return 0, nil
	}
	if kind := set[stickinessType]; kind != "lb_cookie" {
		return 0, fmt.Errorf("target group: %s with the %s %q: only lb_cookie is supported", stickinessEnabled, stickinessType, kind)
	}
	text := cmp.Or(set[stickinessDuration], defaultStickiness)
	duration, err := time.ParseDuration(text + "s")
	if err != nil || duration < time.Second || duration > MaxStickiness {
		return 0, fmt.Errorf("target group: %s is %q: want 1 to 604800", stickinessDuration, text)
	}
	return duration, nil
}

// refuseOthers returns one joined error for every attribute that is not without effect
// and does not have one of its known values.
func refuseOthers(kind string, set map[string]string, known map[string][]string, withoutEffect []string) error {
	var refused refusals
	for _, name := range slices.Sorted(maps.Keys(set)) {
		ignored := slices.ContainsFunc(withoutEffect, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		switch values := known[name]; {
		case ignored || slices.Contains(values, set[name]):
		case values == nil:
			refused.add("%s: the attribute %s is not supported", kind, name)
		default:
			refused.add("%s: %s is %q: only %s is supported", kind, name, set[name], strings.Join(values, " or "))
		}
	}
	return errors.Join(refused...)
}
