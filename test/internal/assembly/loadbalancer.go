package assembly

// LoadBalancer is an AWS::ElasticLoadBalancingV2::LoadBalancer.
type LoadBalancer struct {
	Resource
	// Scheme is "internet-facing" or "internal".
	Scheme string
	// Subnets and SecurityGroups are identities.
	Subnets, SecurityGroups []string
	// Attributes are those that the template sets, such as "idle_timeout.timeout_seconds".
	Attributes map[string]string
}

func readLoadBalancer(r Resource) (LoadBalancer, error) {
	var properties struct {
		Scheme                  string
		Subnets, SecurityGroups []string
		LoadBalancerAttributes  attributes
	}
	err := decode(r.Properties, &properties)
	return LoadBalancer{
		Resource:       r,
		Scheme:         properties.Scheme,
		Subnets:        properties.Subnets,
		SecurityGroups: properties.SecurityGroups,
		Attributes:     properties.LoadBalancerAttributes.asMap(),
	}, err
}
