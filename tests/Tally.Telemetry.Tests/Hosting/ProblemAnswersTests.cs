using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests.Hosting;

public class ProblemAnswersTests
{
    [Theory]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("DELETE", "/livez", 405)]
    [InlineData("POST", "/api/odd", 400)]
    [InlineData("GET", "/api/broken", 500)]
    public async Task What_fails_on_the_HTTP_listener_is_a_problem_without_a_faults_text(string method, string path, int status)
    {
        await using var service = await TestService.StartAsync(map: static app =>
        {
            app.MapPost("/api/odd", static (Numbers numbers) => Results.Json(numbers)).RequireHttpListener();
            app.MapGet("/api/broken", static _ => throw new InvalidOperationException("the secret of the house")).RequireHttpListener();
        });
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new StringContent("""{"a": """, mediaType: new("application/json"));
        }

        using var response = await service.Client.SendAsync(request).Within();

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>().Within();
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEqual("", problem.GetProperty("title").GetString());
        Assert.DoesNotContain("secret", problem.ToString(), StringComparison.Ordinal);
        Assert.Equal(status == 500, service.Logs.All.Any(static line => line.Level == LogLevel.Error));
    }

    [Fact]
    public async Task The_gRPC_listener_answers_as_before()
    {
        await using var service = await TestService.StartAsync();
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{service.Listeners.Grpc}/nowhere")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using var response = await client.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Null(response.Content.Headers.ContentType);
    }

    private sealed record Numbers(int A);
}
