package stacks

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"
)

// VPC is a network that is there already, in the place of one that the environment gets.
// Nothing of it is looked up or changed: what is added are security groups, and endpoints
// and a flow log where it asks for them.
type VPC struct {
	// ID is the VPC's, such as "vpc-0123456789abcdef0".
	ID string `json:"id"`
	// CIDR are the IPv4 blocks of the VPC.
	CIDR []string `json:"cidr"`
	// Zones are the availability zones of the subnets, two at least.
	Zones []string `json:"zones"`
	// Tasks are the subnets that tasks run in: one in each zone, in the order of Zones, then
	// perhaps a second one in each, and so on.
	Tasks []string `json:"tasks"`
	// LoadBalancer are the public subnets of the load balancer, one in each zone, in the
	// order of Zones, and none where the listener is there already.
	LoadBalancer []string `json:"loadBalancer"`
	// Internet is whether the subnets of tasks have a way to the internet.
	Internet bool `json:"internet"`
	// Endpoints adds the endpoints that a VPC of the environment's own would have. False
	// means that the VPC has those that tasks need.
	Endpoints bool `json:"endpoints"`
	// RouteTables are those of Tasks, in the same order, one for each subnet. Endpoints
	// want them, for the routes to S3 and DynamoDB.
	RouteTables []string `json:"routeTables"`
	// FlowLog adds a flow log of refused connections.
	FlowLog bool `json:"flowLog"`
}

// idDigits are those of an identifier, 8 or, since 2018, 17.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
const idDigits = `-([0-9a-f]{8}|[0-9a-f]{17})$`

var (
	vpcID        = regexp.MustCompile(`^vpc` + idDigits)
	subnetID     = regexp.MustCompile(`^subnet` + idDigits)
	routeTableID = regexp.MustCompile(`^rtb` + idDigits)
)

// checkVPC refuses what the CDK would take for another network than the one that is there.
func (e Environment) checkVPC() error {
	if e.VPC == nil {
		return nil
	}
	v := *e.VPC
	if !vpcID.MatchString(v.ID) {
		return fmt.Errorf("vpc.id %q: want an id such as vpc-0123456789abcdef0", v.ID)
	}
	for _, check := range []func(Environment) error{v.checkBlocks, v.checkZones, v.checkSubnets, v.checkRouteTables} {
		if err := check(e); err != nil {
			return err
		}
	}
	return nil
}

// smallestBlock and largestBlock are the sizes of a VPC's blocks, in bits of the prefix.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
const (
	largestBlock  = 16
	smallestBlock = 28
)

func (v VPC) checkBlocks(Environment) error {
	if len(v.CIDR) == 0 {
		return fmt.Errorf("vpc.cidr is empty: name the IPv4 blocks of %s", v.ID)
	}
	for _, block := range v.CIDR {
		prefix, err := netip.ParsePrefix(block)
		if err != nil || prefix != prefix.Masked() || !prefix.Addr().Is4() || prefix.Bits() < largestBlock || prefix.Bits() > smallestBlock {
			return fmt.Errorf("vpc.cidr %q: want an IPv4 block of /%d to /%d such as 10.1.0.0/16", block, largestBlock, smallestBlock)
		}
	}
	return nil
}

func (v VPC) checkZones(e Environment) error {
	if len(v.Zones) < 2 {
		return fmt.Errorf("vpc.zones has %d: want two at least, a load balancer needs them", len(v.Zones))
	}
	zone := regexp.MustCompile(`^` + e.Region + `[a-z]$`)
	for i, name := range v.Zones {
		if !zone.MatchString(name) || slices.Contains(v.Zones[:i], name) {
			return fmt.Errorf("vpc.zones %q: want different zones such as %sa", name, e.Region)
		}
	}
	return nil
}

func (v VPC) checkSubnets(e Environment) error {
	zones := len(v.Zones)
	switch {
	case len(v.Tasks) == 0 || len(v.Tasks)%zones != 0:
		return fmt.Errorf("vpc.tasks has %d subnets: want one in each of the %d zones, in their order, or as many more in each",
			len(v.Tasks), zones)
	case e.Listener == nil && len(v.LoadBalancer) != zones:
		return fmt.Errorf("vpc.loadBalancer has %d subnets: want one in each of the %d zones, in their order", len(v.LoadBalancer), zones)
	}
	all := slices.Concat(v.Tasks, v.LoadBalancer)
	for i, id := range all {
		switch {
		case !subnetID.MatchString(id):
			return fmt.Errorf("vpc: subnet %q: want an id such as subnet-0123456789abcdef0", id)
		case slices.Contains(all[:i], id):
			return fmt.Errorf("vpc: subnet %q is there twice: tasks and load balancer have subnets of their own", id)
		}
	}
	return nil
}

func (v VPC) checkRouteTables(Environment) error {
	if !v.Endpoints && len(v.RouteTables) == 0 {
		return nil
	}
	if len(v.RouteTables) != len(v.Tasks) {
		return fmt.Errorf("vpc.routeTables has %d: want that of each of the %d subnets in vpc.tasks, which endpoints need", len(v.RouteTables),
			len(v.Tasks))
	}
	for _, id := range v.RouteTables {
		if !routeTableID.MatchString(id) {
			return fmt.Errorf("vpc.routeTables %q: want an id such as rtb-0123456789abcdef0", id)
		}
	}
	return nil
}

// reference describes the VPC to the CDK, from what the environment says alone.
func (v VPC) reference(stack awscdk.Stack) awsec2.IVpc {
	attributes := &awsec2.VpcAttributes{
		VpcId:             &v.ID,
		VpcCidrBlock:      &v.CIDR[0],
		AvailabilityZones: jsii.Strings(v.Zones...),
		PublicSubnetIds:   listOrNil(v.LoadBalancer),
	}
	if v.Internet {
		attributes.PrivateSubnetIds, attributes.PrivateSubnetRouteTableIds = jsii.Strings(v.Tasks...), listOrNil(v.RouteTables)
	} else {
		attributes.IsolatedSubnetIds, attributes.IsolatedSubnetRouteTableIds = jsii.Strings(v.Tasks...), listOrNil(v.RouteTables)
	}
	vpc := awsec2.Vpc_FromVpcAttributes(stack, jsii.String("Vpc"), attributes)
	// Only gateway endpoints look at route tables, and only those of tasks.
	awscdk.Annotations_Of(vpc).AcknowledgeWarning(jsii.String("@aws-cdk/aws-ec2:noSubnetRouteTableId"), nil)
	return vpc
}

// listOrNil is nil, and not an empty list, without values.
func listOrNil(values []string) *[]*string {
	if len(values) == 0 {
		return nil
	}
	return jsii.Strings(values...)
}
