package diff

// keeps is what is lost with a resource of a type. The next deployment makes all of any
// other resource again.
//
// A log group holds data too, but for its retention only, and is deleted with its
// service where the template says Delete: a retired monolith takes its log with it. So
// its loss is no finding.
var keeps = map[string]string{
	"AWS::DynamoDB::GlobalTable":                items,
	"AWS::DynamoDB::Table":                      items,
	"AWS::S3::Bucket":                           "its objects",
	"AWS::KMS::Key":                             "what it encrypted",
	"AWS::SecretsManager::Secret":               "its value",
	"AWS::ElasticLoadBalancingV2::LoadBalancer": "the address that clients know",
	"AWS::SNS::Topic":                           "the subscriptions that people confirmed",
}

const items = "its items"
