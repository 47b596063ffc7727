package assembly

import (
	"fmt"
	"strconv"
	"time"
)

// TargetGroup is an AWS::ElasticLoadBalancingV2::TargetGroup of IP addresses.
// A property that the template leaves out has the default of AWS.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type TargetGroup struct {
	Resource
	// Protocol is "HTTP" or "HTTPS", and Port the port of the group.
	Protocol string
	Port     int
	// ProtocolVersion is "HTTP1", "HTTP2" or "GRPC".
	ProtocolVersion string
	HealthCheck     HealthCheck
	// DeregistrationDelay is how long a deregistering target finishes its requests.
	// A template that leaves it out means 300 s.
	DeregistrationDelay time.Duration
	// Attributes are those that the template sets, such as "load_balancing.algorithm.type".
	Attributes map[string]string
}

// HealthCheck is how a load balancer checks a target. A template that leaves
// everything out means "/" on the traffic port each 30 s, a time-out of 5 s, 5 and 2
// checks, and the code 200.
type HealthCheck struct {
	Path string
	// Port is a number, or "traffic-port" for the port that serves requests.
	Port              string
	Interval, Timeout time.Duration
	// Healthy and Unhealthy are the numbers of checks in a row that change a
	// target's state.
	Healthy, Unhealthy int
	// Codes are the status codes of a healthy target, such as "200" or "200-299".
	Codes string
}

const deregistrationDelay = "deregistration_delay.timeout_seconds"

func readTargetGroup(r Resource) (TargetGroup, error) {
	var properties struct {
		Protocol                   string
		Port                       int
		ProtocolVersion            string
		HealthCheckPath            string
		HealthCheckPort            string
		HealthCheckIntervalSeconds int
		HealthCheckTimeoutSeconds  int
		HealthyThresholdCount      int
		UnhealthyThresholdCount    int
		Matcher                    struct{ HTTPCode string }
		TargetGroupAttributes      attributes
	}
	properties.ProtocolVersion = "HTTP1"
	properties.HealthCheckPath = "/"
	properties.HealthCheckPort = "traffic-port"
	properties.HealthCheckIntervalSeconds = 30
	properties.HealthCheckTimeoutSeconds = 5
	properties.HealthyThresholdCount = 5
	properties.UnhealthyThresholdCount = 2
	properties.Matcher.HTTPCode = "200"
	if err := decode(r.Properties, &properties); err != nil {
		return TargetGroup{}, err
	}
	set := properties.TargetGroupAttributes.asMap()
	delay := 300
	if text, ok := set[deregistrationDelay]; ok {
		var err error
		if delay, err = strconv.Atoi(text); err != nil {
			return TargetGroup{}, fmt.Errorf("%s: %w", deregistrationDelay, err)
		}
	}
	return TargetGroup{
		Resource:        r,
		Protocol:        properties.Protocol,
		Port:            properties.Port,
		ProtocolVersion: properties.ProtocolVersion,
		HealthCheck: HealthCheck{
			Path:      properties.HealthCheckPath,
			Port:      properties.HealthCheckPort,
			Interval:  seconds(properties.HealthCheckIntervalSeconds),
			Timeout:   seconds(properties.HealthCheckTimeoutSeconds),
			Healthy:   properties.HealthyThresholdCount,
			Unhealthy: properties.UnhealthyThresholdCount,
			Codes:     properties.Matcher.HTTPCode,
		},
		DeregistrationDelay: seconds(delay),
		Attributes:          set,
	}, nil
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
