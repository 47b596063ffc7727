package alb

import (
	"errors"
	"maps"
	"slices"
	"strings"
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
// [TargetGroup] does not obey, such as stickiness or slow start.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
func CheckTargetGroupAttributes(set map[string]string) error {
	known := map[string][]string{
		"load_balancing.algorithm.type":                                                  {"round_robin", "least_outstanding_requests"},
		"load_balancing.algorithm.anomaly_mitigation":                                    {"off"},
		"load_balancing.cross_zone.enabled":                                              {"true", "use_load_balancer_configuration"},
		"slow_start.duration_seconds":                                                    {"0"},
		"stickiness.enabled":                                                             {"false"},
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 {"1", "off"},
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            {"off"},
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      {"1"},
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": {"off"},
	}
	// The type and the duration mean nothing without stickiness.
	return refuseOthers("target group", set, known, []string{"deregistration_delay.", "stickiness.type", "stickiness.lb_cookie.",
		"stickiness.app_cookie."})
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
