package network

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/assembly"
)

// connectedStage is two services without a VPC, of which orders may connect to the proxies
// of payments, after an edit.
func connectedStage(edit func(orders, payments *assembly.Service, groups []assembly.SecurityGroup)) *assembly.Stage {
	in := func(id string) assembly.Resource { return assembly.Resource{Stack: "S", LogicalID: id} }
	groups := []assembly.SecurityGroup{{Resource: in("Orders")}, {Resource: in("Payments")}}
	groups[0].Egress = []assembly.GroupRule{{Protocol: "tcp", From: 12080, To: 12080, Group: groups[1].Identity()}}
	groups[1].Ingress = []assembly.GroupRule{{Protocol: "tcp", From: 12080, To: 12080, Group: groups[0].Identity()}}
	service := func(i int, name string, endpoints ...assembly.Endpoint) assembly.Service {
		return assembly.Service{
			Resource: in(name), TaskDefinition: "${S.Task" + name + "}", Attachments: []assembly.Attachment{{Container: name}},
			SecurityGroups: []string{groups[i].Identity()}, Connect: &assembly.ServiceConnect{Namespace: "shop", Endpoints: endpoints},
		}
	}
	orders := service(0, "orders")
	payments := service(1, "payments", assembly.Endpoint{PortName: "http", AliasName: "payments", AliasPort: 80, IngressPort: 12080})
	edit(&orders, &payments, groups)
	task := func(name string, c assembly.Container) assembly.TaskDefinition {
		return assembly.TaskDefinition{Resource: in("Task" + name), Containers: []assembly.Container{c}}
	}
	return &assembly.Stage{
		SecurityGroups: groups,
		Services:       []assembly.Service{orders, payments},
		TaskDefinitions: []assembly.TaskDefinition{
			task("orders", assembly.Container{Environment: map[string]string{"PAYMENTS_URL": "http://payments", "EMPTY": ""}}),
			task("payments", assembly.Container{PortNames: map[string]int{"http": 8080}}),
		},
	}
}

func TestConnections(t *testing.T) {
	type groups = []assembly.SecurityGroup
	for name, test := range map[string]struct {
		edit func(orders, payments *assembly.Service, groups groups)
		want []Connection
	}{
		"one way": {
			func(_, _ *assembly.Service, _ groups) {},
			[]Connection{{"orders", "payments", 12080, "http://payments", "PAYMENTS_URL"}},
		},
		"on the program's own port": {
			func(_, payments *assembly.Service, g groups) {
				payments.Connect.Endpoints[0].IngressPort = 0
				g[0].Egress[0].From, g[1].Ingress[0].From = 8080, 8080
			},
			[]Connection{{"orders", "payments", 8080, "http://payments", "PAYMENTS_URL"}},
		},
		"on another port of the URL": {
			func(_, payments *assembly.Service, _ groups) { payments.Connect.Endpoints[0].AliasPort = 8080 },
			[]Connection{{"orders", "payments", 12080, "http://payments:8080", ""}},
		},
		"without an alias": {
			func(_, payments *assembly.Service, _ groups) { payments.Connect.Endpoints[0].AliasName = "" },
			[]Connection{{"orders", "payments", 12080, "", ""}},
		},
		"nothing lets it out":      {func(_, _ *assembly.Service, g groups) { g[0].Egress = nil }, nil},
		"nothing lets it in":       {func(_, _ *assembly.Service, g groups) { g[1].Ingress = nil }, nil},
		"another port lets it in":  {func(_, payments *assembly.Service, _ groups) { payments.Connect.Endpoints[0].IngressPort = 12081 }, nil},
		"a caller without proxies": {func(orders, _ *assembly.Service, _ groups) { orders.Connect = nil }, nil},
		"a callee without proxies": {func(_, payments *assembly.Service, _ groups) { payments.Connect = nil }, nil},
		"another namespace":        {func(orders, _ *assembly.Service, _ groups) { orders.Connect.Namespace = "other" }, nil},
		"a callee without names":   {func(_, payments *assembly.Service, _ groups) { payments.Connect.Endpoints = nil }, nil},
	} {
		assert.Equal(t, test.want, Connections(connectedStage(test.edit)), name)
	}
}
