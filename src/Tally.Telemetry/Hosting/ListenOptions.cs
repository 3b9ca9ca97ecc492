using System.ComponentModel.DataAnnotations;

namespace Tally.Telemetry.Hosting;

/// <summary>Where a service listens (section <c>Listen</c>).</summary>
/// <remarks>
/// An address is <c>host:port</c>; the host is an IP address (IPv6 in brackets), <c>localhost</c>, or <c>*</c> for all. Port 0 takes a free one.
/// </remarks>
public sealed class ListenOptions
{
    /// <summary>The name of the section.</summary>
    public const string Section = "Listen";

    /// <summary>The address for gRPC: HTTP/2 without TLS. Default: what the service says, on loopback.</summary>
    [Required]
    public string Grpc { get; set; } = "";

    /// <summary>The address for health, metrics and JSON: HTTP/1.1. Default: what the service says, on loopback.</summary>
    [Required]
    public string Http { get; set; } = "";
}
