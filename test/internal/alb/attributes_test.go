package alb

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseAttributes(t *testing.T) {
	got, err := ParseAttributes(map[string]string{
		"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs", "deletion_protection.enabled": "true",
		"idle_timeout.timeout_seconds": "60", "client_keep_alive.seconds": "3600", "routing.http2.enabled": "true",
		"routing.http.drop_invalid_header_fields.enabled": "true", "routing.http.desync_mitigation_mode": "strictest",
		"routing.http.xff_header_processing.mode": "append",
	})
	require.NoError(t, err)
	assert.Equal(t, Attributes{DropInvalidHeaderFields: true, DesyncMitigationMode: Strictest}, got)

	got, err = ParseAttributes(nil)
	require.NoError(t, err)
	assert.Zero(t, got)

	for name, test := range map[string]struct{ value, want string }{
		"routing.http.desync_mitigation_mode": {
			"lenient", `load balancer: routing.http.desync_mitigation_mode is "lenient": only monitor or defensive or strictest is supported`,
		},
		"routing.http.drop_invalid_header_fields.enabled": {
			"yes", `load balancer: routing.http.drop_invalid_header_fields.enabled is "yes": only true or false is supported`,
		},
		"routing.http.xff_header_processing.mode": {
			"remove", `load balancer: routing.http.xff_header_processing.mode is "remove": only append is supported`,
		},
		"routing.http.new": {"true", "load balancer: the attribute routing.http.new is not supported"},
	} {
		_, err := ParseAttributes(map[string]string{name: test.value})
		assert.EqualError(t, err, test.want)
	}
}

func TestCheckTargetGroupAttributes(t *testing.T) {
	require.NoError(t, CheckTargetGroupAttributes(nil))
	require.NoError(t, CheckTargetGroupAttributes(map[string]string{
		"deregistration_delay.timeout_seconds": "20", "load_balancing.algorithm.type": "least_outstanding_requests",
		"slow_start.duration_seconds": "0", "stickiness.enabled": "false", "stickiness.type": "lb_cookie",
		"stickiness.lb_cookie.duration_seconds": "86400",
	}))
	for name, test := range map[string]struct{ value, want string }{
		"stickiness.enabled":          {"true", `target group: stickiness.enabled with the stickiness.type "": only lb_cookie is supported`},
		"slow_start.duration_seconds": {"30", `target group: slow_start.duration_seconds is "30": only 0 is supported`},
		"load_balancing.algorithm.type": {
			"weighted_random",
			`target group: load_balancing.algorithm.type is "weighted_random": only round_robin or least_outstanding_requests is supported`,
		},
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": {
			"2", `target group: target_group_health.unhealthy_state_routing.minimum_healthy_targets.count is "2": only 1 is supported`,
		},
		"target_control_port": {"3000", "target group: the attribute target_control_port is not supported"},
	} {
		assert.EqualError(t, CheckTargetGroupAttributes(map[string]string{name: test.value}), test.want)
	}
}

func TestStickinessOfATargetGroup(t *testing.T) {
	for _, test := range []struct {
		kind, seconds string
		want          time.Duration
		err           string
	}{
		{"lb_cookie", "", 24 * time.Hour, ""},
		{"lb_cookie", "1", time.Second, ""},
		{"lb_cookie", "604800", 7 * 24 * time.Hour, ""},
		{"lb_cookie", "604801", 0, `stickiness.lb_cookie.duration_seconds is "604801": want 1 to 604800`},
		{"lb_cookie", "0", 0, "want 1 to 604800"},
		{"app_cookie", "", 0, `stickiness.enabled with the stickiness.type "app_cookie": only lb_cookie is supported`},
	} {
		set := map[string]string{"stickiness.enabled": "true", "stickiness.type": test.kind}
		if test.seconds != "" {
			set["stickiness.lb_cookie.duration_seconds"] = test.seconds
		}
		got, err := Stickiness(set)
		assert.Equal(t, test.want, got, "%v", test)
		if test.err != "" {
			require.ErrorContains(t, err, test.err)
			require.ErrorContains(t, CheckTargetGroupAttributes(set), test.err)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, CheckTargetGroupAttributes(set))
	}
}
