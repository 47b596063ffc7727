package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// block is "vpc" in an environment of cdk.json: stacks.VPC, without the CDK.
type block struct {
	ID           string   `json:"id"`
	CIDR         []string `json:"cidr"`
	Zones        []string `json:"zones"`
	Tasks        []string `json:"tasks"`
	RouteTables  []string `json:"routeTables"`
	LoadBalancer []string `json:"loadBalancer,omitempty"`
	Internet     bool     `json:"internet"`
}

// network is what EC2 says of a VPC.
type network struct {
	vpc     types.Vpc
	subnets []types.Subnet
	tables  []types.RouteTable
}

// way is where a subnet's default route leads to.
type way int

const (
	nowhere way = iota
	// outward leads through a NAT gateway, a transit gateway or the like.
	outward
	// public leads through an internet gateway.
	public
)

// printVPC prints the block "vpc" of an environment, and notes what it leaves out.
func printVPC(ctx context.Context, account aws.Config, id string, out, notes io.Writer) error {
	n, err := readNetwork(ctx, ec2.NewFromConfig(account), id)
	if err != nil {
		return err
	}
	found, err := n.block(notes)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\"vpc\": %s\n", text)
	return err
}

func readNetwork(ctx context.Context, client *ec2.Client, id string) (network, error) {
	var n network
	vpcs, err := client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{id}})
	if err != nil {
		return n, err
	}
	if len(vpcs.Vpcs) != 1 {
		return n, fmt.Errorf("%d VPCs have the id %s", len(vpcs.Vpcs), id)
	}
	n.vpc = vpcs.Vpcs[0]
	ofVPC := []types.Filter{{Name: aws.String("vpc-id"), Values: []string{id}}}
	for pages := ec2.NewDescribeSubnetsPaginator(client, &ec2.DescribeSubnetsInput{Filters: ofVPC}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return n, err
		}
		n.subnets = append(n.subnets, page.Subnets...)
	}
	for pages := ec2.NewDescribeRouteTablesPaginator(client, &ec2.DescribeRouteTablesInput{Filters: ofVPC}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return n, err
		}
		n.tables = append(n.tables, page.RouteTables...)
	}
	return n, nil
}

// block takes, in each zone that has both, the subnet with the most free addresses for the
// tasks and for the load balancer. Tasks have a way to the internet if two zones have one.
func (n network) block(notes io.Writer) (block, error) {
	of := map[way]map[string]types.Subnet{}
	for _, kind := range []way{nowhere, outward, public} {
		of[kind] = n.roomiest(kind)
	}
	tasks := of[outward]
	if len(tasks) < 2 {
		tasks = of[nowhere]
	}
	zones := slices.Sorted(maps.Keys(tasks))
	if len(of[public]) > 0 {
		zones = slices.DeleteFunc(zones, func(zone string) bool { return of[public][zone].SubnetId == nil })
	}
	if len(zones) < 2 {
		return block{}, fmt.Errorf("%s has %d zones with a subnet for tasks, without a route in from the internet, and a public one beside: "+
			"want two", *n.vpc.VpcId, len(zones))
	}
	found := block{ID: *n.vpc.VpcId, CIDR: n.blocks(), Zones: zones, Internet: len(of[outward]) >= 2}
	for _, zone := range zones {
		found.Tasks = append(found.Tasks, *tasks[zone].SubnetId)
		found.RouteTables = append(found.RouteTables, aws.ToString(n.tableOf(tasks[zone]).RouteTableId))
		if len(of[public]) > 0 {
			found.LoadBalancer = append(found.LoadBalancer, *of[public][zone].SubnetId)
		}
	}
	n.note(found, notes)
	return found, nil
}

// roomiest are, by zone, the subnets of a kind with the most free addresses.
func (n network) roomiest(kind way) map[string]types.Subnet {
	of := map[string]types.Subnet{}
	for _, s := range n.subnets {
		zone := aws.ToString(s.AvailabilityZone)
		best, found := of[zone]
		less := cmp.Or(cmp.Compare(aws.ToInt32(best.AvailableIpAddressCount), aws.ToInt32(s.AvailableIpAddressCount)),
			cmp.Compare(aws.ToString(s.SubnetId), aws.ToString(best.SubnetId)))
		if n.wayOf(s) == kind && (!found || less < 0) {
			of[zone] = s
		}
	}
	return of
}

// blocks are the IPv4 blocks of the VPC.
func (n network) blocks() []string {
	var all []string
	for _, b := range n.vpc.CidrBlockAssociationSet {
		if b.CidrBlockState == nil || b.CidrBlockState.State == types.VpcCidrBlockStateCodeAssociated {
			all = append(all, aws.ToString(b.CidrBlock))
		}
	}
	return all
}

// tableOf is the route table of a subnet: its own, or the VPC's.
func (n network) tableOf(s types.Subnet) types.RouteTable {
	var main types.RouteTable
	for _, table := range n.tables {
		for _, a := range table.Associations {
			if aws.ToString(a.SubnetId) == aws.ToString(s.SubnetId) {
				return table
			}
			if aws.ToBool(a.Main) {
				main = table
			}
		}
	}
	return main
}

func (n network) wayOf(s types.Subnet) way {
	for _, route := range n.tableOf(s).Routes {
		switch {
		case aws.ToString(route.DestinationCidrBlock) != "0.0.0.0/0" || route.State == types.RouteStateBlackhole:
		case strings.HasPrefix(aws.ToString(route.GatewayId), "igw-"):
			return public
		default:
			return outward
		}
	}
	return nowhere
}

// note says which subnets the block leaves out, and what it does not know.
func (n network) note(found block, notes io.Writer) {
	for _, s := range n.subnets {
		if id := aws.ToString(s.SubnetId); !slices.Contains(slices.Concat(found.Tasks, found.LoadBalancer), id) {
			_, _ = fmt.Fprintf(notes, "left out: %s in %s, %s%s\n", id, aws.ToString(s.AvailabilityZone), aws.ToString(s.CidrBlock), nameOf(s))
		}
	}
	if len(found.LoadBalancer) == 0 {
		_, _ = fmt.Fprintln(notes, "no public subnet: the environment needs a listener that is there already")
	}
	if !found.Internet {
		_, _ = fmt.Fprintln(notes, "no way to the internet: the VPC needs endpoints, or the block \"endpoints\": true")
	}
}

// nameOf is the tag Name of a subnet, after a comma.
func nameOf(s types.Subnet) string {
	for _, tag := range s.Tags {
		if aws.ToString(tag.Key) == "Name" {
			return ", " + aws.ToString(tag.Value)
		}
	}
	return ""
}
