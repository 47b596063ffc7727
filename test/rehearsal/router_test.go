package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
)

// A request counts for what the load balancer's first rule has, and of one route for the most
// specific pattern.
func TestRouter(t *testing.T) {
	shop := []string{"shop.example.com"}
	routes := routerOf(services.Catalog{Services: []services.Service{
		{Name: "wide", Priority: 300, Routes: []services.Route{{Paths: []string{"/*", "/a/*", "/a/b/?"}}}},
		{Name: "narrow", Priority: 100, Routes: []services.Route{
			{Name: "reads", Paths: []string{"/a/x"}, Verbs: []string{"GET"}},
			{Paths: []string{"/a/x", "/a/x/*"}},
		}},
		{Name: "shop", Priority: 200, Routes: []services.Route{{Paths: []string{"/shop"}, Hosts: shop}}},
		{Name: "other", Priority: 201, Routes: []services.Route{{Paths: []string{"/shop"}, Hosts: []string{"other.example.com"}}}},
	}})
	for request, want := range map[sent]routed{
		{method: "GET", target: "/a/x?y=1"}:                        {pattern: "/a/x", route: services.Route{Name: "reads"}},
		{method: "HEAD", target: "/a/x"}:                           {pattern: "/a/x"},
		{method: "GET", target: "/a/%78"}:                          {pattern: "/a/x", route: services.Route{Name: "reads"}},
		{method: "GET", target: "/a/x/y"}:                          {pattern: "/a/x/*"},
		{method: "GET", target: "/a/b/c"}:                          {pattern: "/a/b/?"},
		{method: "GET", target: "/a/c"}:                            {pattern: "/a/*"},
		{method: "GET", target: "/"}:                               {pattern: "/*"},
		{method: "GET", target: "/shop"}:                           {pattern: "/*"},
		{method: "GET", target: "/shop", host: "SHOP.example.com"}: {pattern: "/shop"},
	} {
		pattern, route, ok := routes.find(request)
		assert.True(t, ok, request)
		assert.Equal(t, want.pattern, pattern, request)
		assert.Equal(t, want.route.Name, route, request)
	}
	_, _, ok := routes.find(sent{method: "GET", target: "/shop", host: "other.example.com"})
	assert.False(t, ok, "the pattern counts for the service that has it first")
	pattern, _, ok := routerOf(services.Catalog{}).find(sent{method: "GET", target: "/"})
	assert.True(t, ok)
	assert.Empty(t, pattern)
}
