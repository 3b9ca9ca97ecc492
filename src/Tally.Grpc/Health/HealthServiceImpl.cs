using System.Threading.Channels;
using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Grpc.HealthCheck;

/// <summary>Tells the health of services, as it was set. The empty name stands for the server as a whole.</summary>
public class HealthServiceImpl : Health.V1.Health.HealthBase
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private readonly List<Watcher> _watchers = [];

    /// <summary>Sets the health of a service, and tells those who watch it when that is a change.</summary>
    public void SetStatus(string service, ServingStatus status)
    {
        lock (_gate)
        {
            _statuses[service] = status;
            Tell_NeedsLock(service, status);
        }
    }

    /// <summary>Forgets a service.</summary>
    public void ClearStatus(string service)
    {
        lock (_gate)
        {
            _statuses.Remove(service);
            Tell_NeedsLock(service, ServingStatus.ServiceUnknown);
        }
    }

    /// <summary>Forgets all services.</summary>
    public void ClearAll()
    {
        lock (_gate)
        {
            foreach (var service in _statuses.Keys)
            {
                Tell_NeedsLock(service, ServingStatus.ServiceUnknown);
            }

            _statuses.Clear();
        }
    }

    /// <inheritdoc/>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        lock (_gate)
        {
            return _statuses.TryGetValue(request.Service, out var status)
                ? Task.FromResult(new HealthCheckResponse { Status = status })
                : throw new RpcException(new Status(StatusCode.NotFound, $"There is no service '{request.Service}' here."));
        }
    }

    /// <inheritdoc/>
    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        var list = new HealthListResponse();
        lock (_gate)
        {
            foreach (var (service, status) in _statuses)
            {
                list.Statuses.Add(service, new HealthCheckResponse { Status = status });
            }
        }

        return Task.FromResult(list);
    }

    /// <inheritdoc/>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(responseStream);
        ArgumentNullException.ThrowIfNull(context);
        var watcher = new Watcher(request.Service);
        lock (_gate)
        {
            watcher.Changes.Writer.TryWrite(_statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown));
            _watchers.Add(watcher);
        }

        try
        {
            ServingStatus? told = null;
            await foreach (var status in watcher.Changes.Reader.ReadAllAsync(context.CancellationToken))
            {
                if (status != told)
                {
                    await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
                    told = status;
                }
            }
        }
        finally
        {
            lock (_gate)
            {
                _watchers.Remove(watcher);
            }
        }
    }

    /// <summary>Ends all watching calls, for a server that stops.</summary>
    internal void EndWatching()
    {
        lock (_gate)
        {
            _watchers.ForEach(watcher => watcher.Changes.Writer.TryComplete());
        }
    }

    private void Tell_NeedsLock(string service, ServingStatus status)
    {
        foreach (var watcher in _watchers)
        {
            if (watcher.Service == service)
            {
                watcher.Changes.Writer.TryWrite(status);
            }
        }
    }

    /// <summary>Only the latest status waits for a slow watcher.</summary>
    private sealed class Watcher(string service)
    {
        public string Service { get; } = service;

        public Channel<ServingStatus> Changes { get; } =
            Channel.CreateBounded<ServingStatus>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    }
}
