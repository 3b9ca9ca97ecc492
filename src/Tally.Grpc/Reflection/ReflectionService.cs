using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Routing;
using Tally.Rpc.Server;

namespace Tally.Rpc.Reflection;

/// <summary>Answers questions about the services of this server from the descriptors in their generated code.</summary>
internal sealed class ReflectionService : ServerReflection.ServerReflectionBase
{
    /// <summary>What older tools ask for. Its messages are those of v1.</summary>
    public const string AlphaName = "grpc.reflection.v1alpha.ServerReflection";

    private readonly Lazy<SymbolTable> _symbols;
    private readonly Lazy<IReadOnlyList<string>> _services;

    /// <summary>The endpoints are looked at when the first question comes: by then all of them are mapped.</summary>
    public ReflectionService(EndpointDataSource endpoints)
    {
        _symbols = new(() => new SymbolTable(ServedServices.DescriptorsIn(endpoints).Select(service => service.File)));

        // A tool describes what is listed, and of v1alpha there is no description.
        _services = new(() => [.. ServedServices.NamesIn(endpoints).Where(static name => name != AlphaName)]);
    }

    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            var response = Answer(request);
            response.ValidHost = request.Host;
            response.OriginalRequest = request;
            await responseStream.WriteAsync(response);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request) => request.MessageRequestCase switch
    {
        ServerReflectionRequest.MessageRequestOneofCase.ListServices => ListServices(),
        ServerReflectionRequest.MessageRequestOneofCase.FileByFilename =>
            Files(_symbols.Value.FileNamed(request.FileByFilename), request.FileByFilename),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol =>
            Files(_symbols.Value.FileWith(request.FileContainingSymbol), request.FileContainingSymbol),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension => Files(
            _symbols.Value.FileWithExtension(request.FileContainingExtension.ContainingType, request.FileContainingExtension.ExtensionNumber),
            request.FileContainingExtension.ToString()),
        ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType => Extensions(request.AllExtensionNumbersOfType),
        _ => Error(StatusCode.Unimplemented, "This kind of question is not known."),
    };

    private ServerReflectionResponse ListServices()
    {
        var list = new ListServiceResponse();
        list.Service.Add(_services.Value.Select(name => new ServiceResponse { Name = name }));
        return new ServerReflectionResponse { ListServicesResponse = list };
    }

    private static ServerReflectionResponse Files(FileDescriptor? file, string wanted)
    {
        if (file is null)
        {
            return Error(StatusCode.NotFound, $"'{wanted}' is not known here.");
        }

        var files = new FileDescriptorResponse();
        files.FileDescriptorProto.Add(SymbolTable.WithDependencies(file).Select(each => each.SerializedData));
        return new ServerReflectionResponse { FileDescriptorResponse = files };
    }

    private ServerReflectionResponse Extensions(string type)
    {
        if (_symbols.Value.FileWith(type) is null)
        {
            return Error(StatusCode.NotFound, $"'{type}' is not known here.");
        }

        var numbers = new ExtensionNumberResponse { BaseTypeName = type };
        numbers.ExtensionNumber.Add(_symbols.Value.ExtensionsOf(type));
        return new ServerReflectionResponse { AllExtensionNumbersResponse = numbers };
    }

    private static ServerReflectionResponse Error(StatusCode code, string message) =>
        new() { ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message } };
}
