package cost

import "fmt"

// Price is the price that AWS lists for one unit of an item in one region. Free tiers
// are left out, because an account shares them among everything that it runs.
type Price struct {
	Item    Item
	Region  string
	Dollars Dollars
	Per     Period
	// Read is the day on which the page showed the price, such as "2026-10-02".
	Read string
	// Page is the address of the page that lists it.
	Page string
}

// Period is the time that a price is for.
type Period string

const (
	// Hour is a price by the hour or less; a month has 730 hours.
	Hour Period = "an hour"
	// Month is a price by the month or a part of one.
	Month Period = "a month"
)

// Item is something that AWS charges for.
type Item string

// The items that a resource costs without traffic.
const (
	InterfaceEndpoint       Item = "interface endpoint, in a zone"
	NATGateway              Item = "NAT gateway"
	LoadBalancer            Item = "load balancer"
	PublicAddress           Item = "public IPv4 address"
	WebACL                  Item = "firewall"
	WebACLRule              Item = "firewall rule"
	AlarmMetric             Item = "alarm, by metric"
	HighResolutionAlarm     Item = "high-resolution alarm, by metric"
	ContainerInsightsMetric Item = "Container Insights metric"
	CustomMetric            Item = "custom metric"
	Dashboard               Item = "dashboard"
	CustomerKey             Item = "customer-managed key"
	Secret                  Item = "secret"
)

// vCPU and memory are items of Fargate for an architecture, such as "ARM64", from
// a capacity provider, "FARGATE" or "FARGATE_SPOT".
func vCPU(provider, architecture string) Item {
	return Item(fmt.Sprintf("%s vCPU, %s", provider, architecture))
}

func memory(provider, architecture string) Item {
	return Item(fmt.Sprintf("%s GB, %s", provider, architecture))
}

const (
	fargatePage = "https://aws.amazon.com/fargate/pricing/"
	vpcPage     = "https://aws.amazon.com/vpc/pricing/"
	watchPage   = "https://aws.amazon.com/cloudwatch/pricing/"
	wafPage     = "https://aws.amazon.com/waf/pricing/"
)

const ireland = "eu-west-1"

// prices are in the order in which an estimate lists them. To add a region, add its
// rows.
var prices = []Price{
	{vCPU("FARGATE", "ARM64"), ireland, 0.03238 * dollar, Hour, "2026-09-28", fargatePage},
	{memory("FARGATE", "ARM64"), ireland, 0.00356 * dollar, Hour, "2026-09-28", fargatePage},
	{vCPU("FARGATE", "X86_64"), ireland, 0.04048 * dollar, Hour, "2026-09-28", fargatePage},
	{memory("FARGATE", "X86_64"), ireland, 0.004445 * dollar, Hour, "2026-09-28", fargatePage},
	// Spot's prices move with supply and demand: these are of one day.
	{vCPU("FARGATE_SPOT", "ARM64"), ireland, 0.00979124 * dollar, Hour, "2026-09-28", fargatePage},
	{memory("FARGATE_SPOT", "ARM64"), ireland, 0.00107649 * dollar, Hour, "2026-09-28", fargatePage},
	{vCPU("FARGATE_SPOT", "X86_64"), ireland, 0.01224056 * dollar, Hour, "2026-09-28", fargatePage},
	{memory("FARGATE_SPOT", "X86_64"), ireland, 0.0013441 * dollar, Hour, "2026-09-28", fargatePage},
	{InterfaceEndpoint, ireland, 0.011 * dollar, Hour, "2026-05-01", "https://aws.amazon.com/privatelink/pricing/"},
	{NATGateway, ireland, 0.048 * dollar, Hour, "2026-10-02", vpcPage},
	// The price list has $0.028 too: that is the Classic Load Balancer's.
	{LoadBalancer, ireland, 0.0252 * dollar, Hour, "2026-10-05", "https://aws.amazon.com/elasticloadbalancing/pricing/"},
	{PublicAddress, ireland, 0.005 * dollar, Hour, "2026-10-05", vpcPage},
	// The page's two prices for WAF are examples that name no region.
	{WebACL, ireland, 5 * dollar, Month, "2026-09-29", wafPage},
	{WebACLRule, ireland, 1 * dollar, Month, "2026-09-29", wafPage},
	{AlarmMetric, ireland, 0.10 * dollar, Month, "2026-10-02", watchPage},
	// The pages list the next three for us-east-1 only.
	{HighResolutionAlarm, ireland, 0.30 * dollar, Month, "2025-10-28", watchPage},
	{ContainerInsightsMetric, ireland, 0.07 * dollar, Month, "2026-08-12", watchPage},
	{CustomMetric, ireland, 0.30 * dollar, Month, "2025-10-28", watchPage},
	// One price everywhere, from a copy of the price list that bears no date. An
	// account's first three cost nothing.
	{Dashboard, ireland, 3 * dollar, Month, "2026-11-25", watchPage},
	// One price everywhere, and the same again for each of the first two rotations.
	{CustomerKey, ireland, 1 * dollar, Month, "2026-08-21", "https://aws.amazon.com/kms/pricing/"},
	{Secret, ireland, 0.40 * dollar, Month, "2026-10-05", "https://aws.amazon.com/secrets-manager/pricing/"},
}

// priceOf returns the price of an item in a region. It fails without a price, because
// a missing price does not mean that the item is free.
func priceOf(item Item, region string) (Price, error) {
	for _, price := range prices {
		if price.Item == item && price.Region == region {
			return price, nil
		}
	}
	return Price{}, fmt.Errorf("no price of %q in %q: add what AWS lists to test/internal/cost/prices.go", item, region)
}
