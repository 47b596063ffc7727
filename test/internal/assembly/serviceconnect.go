package assembly

import (
	"cmp"
	"fmt"
	"time"
)

// ServiceConnect is what joins the tasks of a service to a namespace: a proxy in each
// of them, which resolves the names of the namespace for the task.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
type ServiceConnect struct {
	// Namespace is a reference to the namespace, by its ARN or its name.
	Namespace string
	// Endpoints are the names that the service itself has in the namespace. A service
	// that only calls others has none.
	Endpoints []Endpoint
}

// Endpoint is a name of a service in a namespace.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html
type Endpoint struct {
	// PortName is the name of the port mapping that gets the requests.
	PortName string
	// DiscoveryName is unique in the namespace. A template that leaves it out means
	// PortName.
	DiscoveryName string
	// AliasName and AliasPort are what callers have in a URL. They are empty and zero
	// when the template gives callers no alias.
	AliasName string
	AliasPort int
	// IngressPort is the port on which the proxy accepts requests from the proxies of
	// callers. Zero means the port of the mapping, which the load balancer's requests
	// then enter too.
	IngressPort int
	// IdleTimeout is how long a connection without requests stays open. A template that
	// leaves it out means 5 minutes. Zero means no limit.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TimeoutConfiguration.html
	IdleTimeout time.Duration
	// RequestTimeout is how long a request may take. A template that leaves it out means
	// 15 s. Zero means no limit.
	RequestTimeout time.Duration
}

// URL is the endpoint's alias as a URL, such as "http://orders". It is empty without one.
func (e Endpoint) URL() string {
	switch {
	case e.AliasName == "":
		return ""
	case e.AliasPort == 80:
		return "http://" + e.AliasName
	}
	return fmt.Sprintf("http://%s:%d", e.AliasName, e.AliasPort)
}

const (
	defaultConnectIdleSeconds    = 300
	defaultConnectRequestSeconds = 15
)

type serviceConnect struct {
	Enabled   bool
	Namespace string
	Services  []struct {
		PortName, DiscoveryName string
		ClientAliases           []struct {
			DNSName string
			Port    int
		}
		IngressPortOverride int
		Timeout             struct{ IdleTimeoutSeconds, PerRequestTimeoutSeconds *int }
	}
}

// read returns nil unless the template turns Service Connect on.
func (c serviceConnect) read() *ServiceConnect {
	if !c.Enabled {
		return nil
	}
	connect := &ServiceConnect{Namespace: c.Namespace}
	for _, s := range c.Services {
		endpoint := Endpoint{
			PortName:       s.PortName,
			DiscoveryName:  cmp.Or(s.DiscoveryName, s.PortName),
			IngressPort:    s.IngressPortOverride,
			IdleTimeout:    secondsOr(s.Timeout.IdleTimeoutSeconds, defaultConnectIdleSeconds),
			RequestTimeout: secondsOr(s.Timeout.PerRequestTimeoutSeconds, defaultConnectRequestSeconds),
		}
		for _, alias := range s.ClientAliases { // one at most
			endpoint.AliasName, endpoint.AliasPort = alias.DNSName, alias.Port
		}
		connect.Endpoints = append(connect.Endpoints, endpoint)
	}
	return connect
}

func secondsOr(set *int, byDefault int) time.Duration {
	if set == nil {
		return seconds(byDefault)
	}
	return seconds(*set)
}
