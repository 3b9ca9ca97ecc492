using System.Net;
using System.Net.Http.Headers;

namespace Tally.Grpc.Tests.Support;

/// <summary>Calls by plain HTTP, for what a well-behaved client never sends.</summary>
internal static class RawCall
{
    public const string UnaryPath = "/grpc.testing.TestService/UnaryCall";

    /// <summary>An empty message.</summary>
    public static readonly byte[] Empty = [0, 0, 0, 0, 0];

    public static async Task<RawAnswer> PostAsync(
        this HttpClient http, byte[] body, string path = UnaryPath, string contentType = "application/grpc", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = http.DefaultRequestVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } },
        };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        using var response = await http.SendAsync(request);
        return new RawAnswer(
            response.StatusCode,
            await response.Content.ReadAsByteArrayAsync(),
            Flat(response.Headers),
            Flat(response.TrailingHeaders));
    }

    private static Dictionary<string, string> Flat(HttpResponseHeaders headers) =>
        headers.ToDictionary(header => header.Key, header => string.Join('|', header.Value), StringComparer.OrdinalIgnoreCase);
}

/// <summary>An answer as HTTP sees it. Where there is no message ("trailers only") the status lies in the headers.</summary>
internal sealed record RawAnswer(
    HttpStatusCode HttpStatus, byte[] Body, IReadOnlyDictionary<string, string> Headers, IReadOnlyDictionary<string, string> Trailers)
{
    public string? Status => Headers.GetValueOrDefault("grpc-status") ?? Trailers.GetValueOrDefault("grpc-status");

    public string Message => Headers.GetValueOrDefault("grpc-message") ?? Trailers.GetValueOrDefault("grpc-message") ?? "";
}
