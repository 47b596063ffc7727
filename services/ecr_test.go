package services

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A reference is taken in every form that a registry has.
func TestImageReferences(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0f", 32)
	for _, reference := range []string{
		"nginx", "nginx:1.29", "library/nginx:1.29-alpine", "localhost:5000/shop", "registry.example:5000/shop/front_end:v1.4_rc",
		"public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b--c.d:1" + digest,
		"shop" + digest,
	} {
		assert.NoError(t, Image{Registry: reference}.check(), reference)
	}
	for _, reference := range []string{
		"Nginx", "nginx:", "nginx:1:2", "/nginx", "nginx/", "a//b", "https://registry.example/shop:1", "shop@sha256:0f", "shop:-1", "a b",
		"shop\n",
	} {
		assert.ErrorContains(t, Image{Registry: reference}.check(), "want a reference such as", reference)
	}
}
