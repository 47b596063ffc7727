package assembly

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func connectOf(t *testing.T, configuration string) *ServiceConnect {
	t.Helper()
	properties := parse(t, `{"ServiceConnectConfiguration": `+configuration+`}`).(map[string]any)
	service, err := readService(Resource{Properties: properties})
	require.NoError(t, err)
	return service.Connect
}

func TestServiceConnect(t *testing.T) {
	got := connectOf(t, `{
		"Enabled": true, "Namespace": "${Platform.Namespace.Arn}",
		"LogConfiguration": {"LogDriver": "awslogs"},
		"Services": [{
			"PortName": "http", "DiscoveryName": "orders", "ClientAliases": [{"DnsName": "shop-orders", "Port": 80}],
			"IngressPortOverride": 12080, "Timeout": {"IdleTimeoutSeconds": 60, "PerRequestTimeoutSeconds": 0}
		}]
	}`)
	assert.Equal(t, &ServiceConnect{
		Namespace: "${Platform.Namespace.Arn}",
		Endpoints: []Endpoint{{
			PortName: "http", DiscoveryName: "orders", AliasName: "shop-orders", AliasPort: 80, IngressPort: 12080, IdleTimeout: time.Minute,
		}},
	}, got)
}

func TestServiceConnectByDefault(t *testing.T) {
	got := connectOf(t, `{"Enabled": true, "Namespace": "shop", "Services": [{"PortName": "http"}]}`)
	assert.Equal(t, &ServiceConnect{
		Namespace: "shop",
		Endpoints: []Endpoint{{
			PortName: "http", DiscoveryName: "http", IdleTimeout: 5 * time.Minute, RequestTimeout: 15 * time.Second,
		}},
	}, got)
	assert.Equal(t, &ServiceConnect{Namespace: "shop"}, connectOf(t, `{"Enabled": true, "Namespace": "shop"}`), "a service that only calls")
	assert.Nil(t, connectOf(t, `{"Enabled": false, "Namespace": "shop"}`))
}

func TestPortNames(t *testing.T) {
	properties := parse(t, `{"Cpu": "256", "Memory": "512", "ContainerDefinitions": [
		{"Name": "app", "PortMappings": [{"ContainerPort": 8080, "Name": "http"}, {"ContainerPort": 9090}]}
	]}`).(map[string]any)
	task, err := new(Stage).readTaskDefinition(Resource{Properties: properties})
	require.NoError(t, err)
	assert.Equal(t, []int{8080, 9090}, task.Containers[0].Ports)
	assert.Equal(t, map[string]int{"http": 8080}, task.Containers[0].PortNames)
}
