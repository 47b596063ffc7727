package constructs

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// image is the container image of a service.
func (i *Images) image(scope constructs.Construct, source services.Image) awsecs.ContainerImage {
	if source.Registry != "" {
		return registryImage(scope, source)
	}
	folder := filepath.Join(i.root, source.Folder)
	if source.Program != "" {
		folder = i.Context(source.Program)
	}
	asset := awsecrassets.NewDockerImageAsset(scope, jsii.String("Image"), &awsecrassets.DockerImageAssetProps{
		Directory: jsii.String(folder),
		Platform:  awsecrassets.Platform_Custom(jsii.Sprintf("linux/%s", source.Architecture)),
	})
	return awsecs.ContainerImage_FromDockerImageAsset(asset)
}

// registryImage grants the execution role the right to pull when the image is in ECR.
func registryImage(scope constructs.Construct, source services.Image) awsecs.ContainerImage {
	image, ok := source.ECR()
	if !ok {
		return awsecs.ContainerImage_FromRegistry(&source.Registry, nil)
	}
	repository := awsecr.Repository_FromRepositoryAttributes(scope, jsii.String("Repository"), &awsecr.RepositoryAttributes{
		RepositoryName: &image.Repository,
		RepositoryArn: awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("ecr"), Region: &image.Region, Account: &image.Account,
			Resource: jsii.String("repository"), ResourceName: &image.Repository,
		}),
	})
	return awsecs.ContainerImage_FromEcrRepository(repository, &image.Version)
}

// architecture is what Fargate calls the processor of an image.
func architecture(source services.Image) awsecs.CpuArchitecture {
	if source.Architecture == services.AMD64 {
		return awsecs.CpuArchitecture_X86_64()
	}
	return awsecs.CpuArchitecture_ARM64()
}
