using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tally.AppHost.Hosting;

/// <summary>The files of a system as JSON. Generated, so that a short command doesn't pay for reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    Converters = [typeof(SystemPhaseConverter), typeof(ComponentPhaseConverter)])]
[JsonSerializable(typeof(SystemState))]
[JsonSerializable(typeof(Connections))]
internal sealed partial class SystemJson : JsonSerializerContext
{
    private sealed class SystemPhaseConverter() : JsonStringEnumConverter<SystemPhase>(JsonNamingPolicy.SnakeCaseLower);

    private sealed class ComponentPhaseConverter() : JsonStringEnumConverter<ComponentPhase>(JsonNamingPolicy.SnakeCaseLower);
}
