using System.Collections.Frozen;

namespace Tally.Rpc.Wire;

/// <summary>Headers that belong to the protocol: handlers and callers neither see nor set them.</summary>
internal static class ReservedHeaders
{
    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "content-type", "content-length", "te", "trailer", "transfer-encoding", "connection", "host", "accept-encoding",
        "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "grpc-status", "grpc-message");

    public static bool Contains(string name) => name.Length == 0 || name[0] == ':' || Names.Contains(name);
}
