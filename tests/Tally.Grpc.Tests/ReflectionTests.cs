using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tally.Grpc.Tests.Support;

namespace Tally.Grpc.Tests;

public class ReflectionTests
{
    private const int Patience = 60_000;

    [Fact(Timeout = Patience)]
    public async Task All_services_are_listed()
    {
        var answer = await Ask(new ServerReflectionRequest { ListServices = "" });

        Assert.Equal(
            ["grpc.reflection.v1.ServerReflection", "grpc.testing.TestService"],
            answer.ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory(Timeout = Patience)]
    [InlineData("grpc.testing.TestService")]
    [InlineData("grpc.testing.TestService.UnaryCall")]
    public async Task A_symbol_leads_to_its_file_and_what_that_imports(string symbol)
    {
        var answer = await Ask(new ServerReflectionRequest { Host = "here", FileContainingSymbol = symbol });

        Assert.Equal(
            ["grpc/testing/test.proto", "grpc/testing/empty.proto", "grpc/testing/messages.proto"],
            answer.FileDescriptorResponse.FileDescriptorProto.Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name));
        Assert.Equal(("here", symbol), (answer.ValidHost, answer.OriginalRequest.FileContainingSymbol));
    }

    [Theory(Timeout = Patience)]
    [InlineData("grpc.testing.SimpleRequest")]
    [InlineData("grpc.testing.SimpleRequest.payload")]
    [InlineData("grpc.testing.PayloadType")]
    [InlineData("grpc.testing.HookRequest.HookRequestCommand")]
    public async Task Messages_fields_and_enums_are_found(string symbol)
    {
        var answer = await Ask(new ServerReflectionRequest { FileContainingSymbol = symbol });

        Assert.Equal("grpc/testing/messages.proto", FileDescriptorProto.Parser.ParseFrom(answer.FileDescriptorResponse.FileDescriptorProto[0]).Name);
    }

    [Fact(Timeout = Patience)]
    public async Task A_file_is_found_by_its_name()
    {
        var answer = await Ask(new ServerReflectionRequest { FileByFilename = "grpc/testing/empty.proto" });

        Assert.Single(answer.FileDescriptorResponse.FileDescriptorProto);
    }

    [Fact(Timeout = Patience)]
    public async Task What_is_not_there_is_not_found()
    {
        ServerReflectionRequest[] questions =
        [
            new() { FileContainingSymbol = "no.such.Symbol" },
            new() { FileByFilename = "no/such.proto" },
            new() { FileContainingExtension = new ExtensionRequest { ContainingType = "grpc.testing.Empty", ExtensionNumber = 1 } },
            new() { AllExtensionNumbersOfType = "no.such.Type" },
        ];

        foreach (var question in questions)
        {
            Assert.Equal((int)StatusCode.NotFound, (await Ask(question)).ErrorResponse.ErrorCode);
        }
    }

    [Fact(Timeout = Patience)]
    public async Task A_type_without_extensions_has_none() =>
        Assert.Empty((await Ask(new ServerReflectionRequest { AllExtensionNumbersOfType = "grpc.testing.Empty" })).AllExtensionNumbersResponse.ExtensionNumber);

    private static async Task<ServerReflectionResponse> Ask(ServerReflectionRequest question)
    {
        await using var server = await TestServer.StartAsync(
            services => services.AddGrpcReflection().AddGrpc(),
            app =>
            {
                app.MapGrpcService<InteropService>();
                app.MapGrpcReflectionService();
            });
        using var call = new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(question);
        Assert.True(await call.ResponseStream.MoveNext());
        await call.RequestStream.CompleteAsync();
        return call.ResponseStream.Current;
    }
}
